import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { digestOf, newSecretOf } from '../../platform/credentials.js';
import type { Trail } from '../../platform/database/audit.js';
import { Database, organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { conflict, DomainError, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import type { Role } from './domain/roles.js';
import { Organization } from './organization.entity.js';
import { checkPassword, hashPassword, isPassword } from './passwords.js';
import { SignInService, type OpenSession } from './sign-in.service.js';
import { Invitation, User } from './user.entity.js';

export interface NewUser {
  email: string;
  password: string;
  name?: string | null;
}

const INVITATION_MS = 7 * 24 * 3_600_000;

/** The people of an organization. There is always an owner, once there is a user. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly signIn: SignInService,
  ) {}

  /** Makes the owner of an organization without users. Asked for with its key: whoever only reaches the address gets nothing. */
  async createFirst(actor: Actor, input: NewUser): Promise<OpenSession> {
    const email = addressOf(input.email);
    checkPassword(input.password);
    checkText('name', input.name);
    const passwordHash = await hashPassword(input.password);
    return this.database.transaction(actor, async (tx) => {
      await lockUsers(tx);
      if ((await tx.countBy(User, { organizationId: organizationOf(tx) })) > 0)
        throw conflict('The organization has users: have one of them invite you.');
      return this.add(tx, { email, name: input.name ?? null, passwordHash, role: 'OWNER' });
    });
  }

  async get(tx: EntityManager, id: string): Promise<User> {
    const user = isId(id) ? await tx.findOneBy(User, { organizationId: organizationOf(tx), id }) : null;
    if (!user) throw notFound('User');
    return user;
  }

  /** Lets whoever holds the token become a user. The token is in the answer and nowhere else. */
  async invite(tx: EntityManager, actor: Actor, email: string, role: Role): Promise<{ invitation: Invitation; token: string }> {
    await this.requireRank(tx, actor, role);
    const address = addressOf(email);
    const organizationId = organizationOf(tx);
    if (await tx.existsBy(User, { organizationId, email: address }))
      throw conflict('There is a user with this e-mail address.', 'email');
    const token = newSecretOf('invitation_');
    const now = this.clock.now();
    const invitation: Invitation = {
      organizationId,
      id: newId(),
      email: address,
      role,
      digest: digestOf(token),
      invitedBy: actor.name,
      expiresAt: new Date(now.getTime() + INVITATION_MS),
      acceptedAt: null,
      revokedAt: null,
      createdAt: now,
    };
    await tx.insert(Invitation, invitation);
    return { invitation, token };
  }

  async revokeInvitation(tx: EntityManager, id: string): Promise<Invitation> {
    const where = { organizationId: organizationOf(tx), id };
    const invitation = isId(id) ? await tx.findOne(Invitation, { where, lock: { mode: 'for_no_key_update' } }) : null;
    if (!invitation) throw notFound('Invitation');
    if (invitation.acceptedAt) throw conflict('The invitation was accepted: remove the user.', 'id');
    if (invitation.revokedAt) return invitation;
    const revokedAt = this.clock.now();
    await tx.update(Invitation, where, { revokedAt });
    return { ...invitation, revokedAt };
  }

  /** Once, while it is open. The address is the invitation's: whoever invites decides who comes in. */
  async accept(token: string, input: Omit<NewUser, 'email'>, trail: Trail): Promise<OpenSession> {
    checkPassword(input.password);
    checkText('name', input.name);
    const digest = digestOf(token);
    const invited = await this.database.acrossOrganizations('find an invitation', (tx) => tx.findOneBy(Invitation, { digest }));
    if (!invited) throw notFound('Invitation');
    const passwordHash = await hashPassword(input.password);
    const owner = { organizationId: invited.organizationId, name: `invitation:${invited.id}`, trail };
    return this.database.transaction(owner, async (tx) => {
      const where = { organizationId: invited.organizationId, id: invited.id };
      const invitation = await tx.findOneOrFail(Invitation, { where, lock: { mode: 'for_no_key_update' } });
      const now = this.clock.now();
      if (invitation.acceptedAt || invitation.revokedAt || invitation.expiresAt <= now) throw notFound('Invitation');
      await tx.update(Invitation, where, { acceptedAt: now });
      const { email, role } = invitation;
      return this.add(tx, { email, name: input.name ?? null, passwordHash, role });
    });
  }

  async changeRole(tx: EntityManager, actor: Actor, id: string, role: Role): Promise<User> {
    await lockUsers(tx);
    const user = await this.get(tx, id);
    await this.requireRank(tx, actor, role, user.role);
    if (user.role === 'OWNER' && role !== 'OWNER') await this.requireOtherOwner(tx);
    await tx.update(User, { organizationId: user.organizationId, id }, { role });
    return { ...user, role };
  }

  /** With all their sessions. What they did keeps their id. */
  async remove(tx: EntityManager, actor: Actor, id: string): Promise<User> {
    await lockUsers(tx);
    const user = await this.get(tx, id);
    await this.requireRank(tx, actor, user.role);
    if (user.role === 'OWNER') await this.requireOtherOwner(tx);
    await this.signIn.endAll(tx, user);
    await tx.delete(User, { organizationId: user.organizationId, id });
    return user;
  }

  /** Ends every session of the user but the one that is opened with it. */
  async changePassword(actor: Actor, current: string, next: string): Promise<OpenSession> {
    const { userId } = actor;
    if (userId === undefined) throw new DomainError('FORBIDDEN', 'Only a user has a password.');
    checkPassword(next);
    const before = await this.database.read(actor, (tx) => this.get(tx, userId));
    if (!(await isPassword(current, before.passwordHash))) throw invalid('currentPassword', 'currentPassword is wrong.');
    const passwordHash = await hashPassword(next);
    return this.database.transaction(actor, async (tx) => {
      const user = await this.get(tx, userId);
      await tx.update(User, { organizationId: user.organizationId, id: userId }, { passwordHash });
      await this.signIn.endAll(tx, user);
      return this.signIn.open(tx, user.organizationId, userId);
    });
  }

  private async add(tx: EntityManager, user: Pick<User, 'email' | 'name' | 'passwordHash' | 'role'>): Promise<OpenSession> {
    const organizationId = organizationOf(tx);
    const id = newId();
    await tx.insert(User, { ...user, organizationId, id, lastSignedInAt: null, createdAt: this.clock.now() });
    return this.signIn.open(tx, organizationId, id);
  }

  /** Owners are made, changed and removed by owners, and by keys of the organization with `admin`. */
  private async requireRank(tx: EntityManager, actor: Actor, ...roles: Role[]): Promise<void> {
    if (!roles.includes('OWNER') || actor.userId === undefined) return;
    if ((await this.get(tx, actor.userId)).role !== 'OWNER')
      throw new DomainError('FORBIDDEN', 'Only an owner can do this to an owner.');
  }

  private async requireOtherOwner(tx: EntityManager): Promise<void> {
    if ((await tx.countBy(User, { organizationId: organizationOf(tx), role: 'OWNER' })) < 2)
      throw conflict('This is the only owner: make another one first.', 'id');
  }
}

/** One change of the people at a time, so that the last owner cannot be lost by two at once. */
const lockUsers = async (tx: EntityManager): Promise<void> => {
  await tx.findOneOrFail(Organization, { where: { id: organizationOf(tx) }, lock: { mode: 'for_no_key_update' } });
};

function addressOf(email: string): string {
  const address = email.trim().toLowerCase();
  checkText('email', address, { least: 3, most: 254 });
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) throw invalid('email', 'email is not an e-mail address.');
  return address;
}
