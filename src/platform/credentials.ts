import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../shared/actor.js';
import { Clock } from '../shared/clock.js';
import { Authenticator } from './auth.js';
import { CHANGES } from './database/changes.js';
import { Notifications } from './database/notifications.js';

/** What a secret stands for. */
export interface Credential {
  actor: Actor;
  expiresAt: Date | null;
  /** When to look again, whatever has been kept: its use is noted now and then. */
  lookAgainAt: Date | null;
}

/** A kind of credential: told by its secret's prefix, found by its secret's SHA-256. */
export interface CredentialKind {
  secrets: RegExp;
  /** Tables that it is read from: a change there, told with its commit, makes what was kept stale. */
  tables: readonly string[];
  /** null: there is none, or it is revoked or expired. */
  lookUp(digest: Buffer, now: Date): Promise<Credential | null>;
}

/** On the monotonic clock. */
type Known = Credential & { freshUntil: number };

/** A revocation is told to all processes with its commit; should they not hear it, they act on a credential this long. */
const KNOWN_FOR_MS = 1_000;
const MAX_KNOWN = 10_000;

/** Turns secrets into actors, whatever kind of credential they are of. */
@Injectable()
export class Credentials implements Authenticator {
  private readonly kinds: CredentialKind[] = [];
  /** Credentials in use, by digest. Only good ones: any other is looked up each time. */
  private readonly known = new Map<string, Known>();
  /** Counts what made copies stale: a look-up that began before must not be kept. */
  private generation = 0;

  constructor(
    private readonly notifications: Notifications,
    private readonly clock: Clock,
  ) {
    notifications.on(CHANGES, (table) => {
      if (this.kinds.some(({ tables }) => tables.includes(table))) this.forget();
    });
    notifications.onGap(() => this.forget());
  }

  /** To be called while the application starts. */
  register(kind: CredentialKind): void {
    this.kinds.push(kind);
  }

  /** The actor of a secret, or null. The digest is looked up by a unique index, so timing tells nothing about other secrets. */
  async authenticate(secret: string): Promise<Actor | null> {
    const kind = this.kinds.find(({ secrets }) => secrets.test(secret));
    if (!kind) return null;
    const digest = digestOf(secret);
    const name = digest.toString('latin1');
    const now = this.clock.now();
    let found: Known | null = this.known.get(name) ?? null;
    if (!found || found.freshUntil < performance.now() || (found.lookAgainAt && found.lookAgainAt <= now)) {
      const { generation } = this;
      const credential = await kind.lookUp(digest, now);
      found = credential && { ...credential, freshUntil: performance.now() + KNOWN_FOR_MS };
      if (found && this.notifications.isListening && generation === this.generation) this.keep(name, found);
    }
    return found && !(found.expiresAt && found.expiresAt <= now) ? found.actor : null;
  }

  /** What was kept may be stale; also called at once by whoever revokes, so as not to wait for their own message. */
  forget(): void {
    this.generation += 1;
    this.known.clear();
  }

  private keep(name: string, credential: Known): void {
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(name, credential);
  }
}

/** What is stored of a secret. Of 256 random bits a plain hash tells nothing. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** A new secret of 256 random bits. */
export const newSecretOf = (prefix: string): string => `${prefix}${randomBytes(32).toString('base64url')}`;
