import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import { Credentials, digestOf, newSecretOf, type Credential } from '../../platform/credentials.js';
import type { Trail } from '../../platform/database/audit.js';
import { Database } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/errors.js';
import { ROLE_SCOPES } from './domain/roles.js';
import { isPassword } from './passwords.js';
import {
  clearFailures,
  countFailures,
  findUsersToSignIn,
  lookUpSession,
  noteFailure,
  type FoundSession,
  type SignInCandidate,
} from './queries/sign-in.query.js';
import { Session, User } from './user.entity.js';

export interface SignInInput {
  email: string;
  password: string;
  /** Where somebody has users in several; left out: the first that the password fits, LIVE before TEST. */
  organizationId?: string | null;
}

/** A session as the browser is to keep it. */
export interface OpenSession {
  user: User;
  secret: string;
  expiresAt: Date;
}

const SESSION_MS = 7 * 24 * 3_600_000;
/** Guessing: so many failures in so long, for one address from one place, and from one place in all. */
const WINDOW_MS = 15 * 60_000;
const MAX_FAILURES = 10;
const MAX_FAILURES_OF_PLACE = 100;

@Injectable()
export class SignInService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly credentials: Credentials,
  ) {
    credentials.register({
      secrets: /^session_[A-Za-z0-9_-]{43}$/,
      tables: ['sessions', 'users'],
      lookUp: (digest) => this.lookUp(digest),
    });
  }

  /** An unknown address and a wrong password answer alike, and take as long. `place`: where the request comes from. */
  async signIn({ email, password, organizationId }: SignInInput, place: string, trail: Trail): Promise<OpenSession> {
    const address = email.trim().toLowerCase();
    const subjects = [subjectOf(`${place} ${address}`), subjectOf(place)];
    const within = organizationId ?? null;
    const candidates = await this.database.acrossOrganizations('sign in', async (tx) => {
      await this.refuseGuessing(tx, subjects);
      return within !== null && !isId(within) ? [] : findUsersToSignIn(tx, address, within);
    });
    const found = await firstThatFits(candidates, password);
    if (!found) {
      const now = this.clock.now();
      await this.database.acrossOrganizations('sign in failed', (tx) => noteFailure(tx, subjects, this.windowStart(now), now));
      throw new DomainError('UNAUTHENTICATED', 'E-mail address or password are wrong.');
    }
    await this.database.acrossOrganizations('signed in', (tx) => clearFailures(tx, subjects[0]));
    const owner = { organizationId: found.organizationId, name: `user:${found.id}`, trail };
    return this.database.transaction(owner, (tx) => this.open(tx, found.organizationId, found.id));
  }

  /** Opens a session of a user who has shown who they are. */
  async open(tx: EntityManager, organizationId: string, userId: string): Promise<OpenSession> {
    const now = this.clock.now();
    const user = await tx.findOneByOrFail(User, { organizationId, id: userId });
    await tx.delete(Session, { organizationId, userId, expiresAt: LessThanOrEqual(now) });
    await tx.update(User, { organizationId, id: userId }, { lastSignedInAt: now });
    const secret = newSecretOf('session_');
    const expiresAt = new Date(now.getTime() + SESSION_MS);
    await tx.insert(Session, { organizationId, id: newId(), userId, digest: digestOf(secret), expiresAt, createdAt: now });
    return { user: { ...user, lastSignedInAt: now }, secret, expiresAt };
  }

  async signOut(tx: EntityManager, organizationId: string, secret: string): Promise<void> {
    await tx.delete(Session, { organizationId, digest: digestOf(secret) });
    this.credentials.forget();
  }

  /** Ends the sessions of a user, in every process. */
  async endAll(tx: EntityManager, { organizationId, id }: User): Promise<void> {
    await tx.delete(Session, { organizationId, userId: id });
    this.credentials.forget();
  }

  private async refuseGuessing(tx: EntityManager, subjects: Buffer[]): Promise<void> {
    const [here, ofPlace] = await countFailures(tx, subjects, this.windowStart(this.clock.now()));
    if (here >= MAX_FAILURES || ofPlace >= MAX_FAILURES_OF_PLACE)
      throw new DomainError('RATE_LIMITED', 'Too many failed attempts. Try again in 15 minutes.');
  }

  private windowStart(now: Date): Date {
    return new Date(now.getTime() - WINDOW_MS);
  }

  private async lookUp(digest: Buffer): Promise<Credential | null> {
    const [session] = await this.database.statement<FoundSession>('find a session', lookUpSession(digest));
    if (!session) return null;
    const { organizationId, userId, role, expiresAt } = session;
    const actor = { organizationId, name: `user:${userId}`, scopes: new Set(ROLE_SCOPES[role]), userId };
    return { actor, expiresAt, lookAgainAt: null };
  }
}

const subjectOf = (text: string): Buffer => createHash('sha256').update(text).digest();

async function firstThatFits(candidates: SignInCandidate[], password: string): Promise<SignInCandidate | null> {
  if (candidates.length === 0) await isPassword(password, null);
  for (const candidate of candidates) if (await isPassword(password, candidate.passwordHash)) return candidate;
  return null;
}
