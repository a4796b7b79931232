import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { duplicateOf } from '../../platform/database/constraint-errors.js';
import type { Role } from './domain/roles.js';
import { Organization } from './organization.entity.js';

const ROLE_CHECK = `role IN ('OWNER', 'ADMIN', 'BILLING', 'VIEWER')`;

/** A person who works with one organization's data. Whoever works for two has a user in each. */
@Entity('users')
@Unique('users_email_key', ['organizationId', 'email'])
@Index('users_email_idx', ['email'])
@Check('users_role_check', ROLE_CHECK)
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'users_organization_fkey' })
export class User {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'users_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'users_pkey' }) id: string;
  /** In small letters. */
  @Column('text') email: string;
  @Column('text', { nullable: true }) name: string | null;
  /** argon2id, in PHC form. */
  @Column('text') passwordHash: string;
  @Column('text') role: Role;
  @Column('timestamptz', { nullable: true }) lastSignedInAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}

duplicateOf('users_email_key', 'email', 'There is a user with this e-mail address.');

/** A user who is signed in in a browser. Gone when they sign out. */
@Entity('sessions')
@Index('sessions_digest_key', ['digest'], { unique: true })
@Index('sessions_user_idx', ['organizationId', 'userId'])
@ForeignKey(() => User, ['organizationId', 'userId'], ['organizationId', 'id'], {
  name: 'sessions_user_fkey',
  onDelete: 'CASCADE',
})
export class Session {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' }) id: string;
  @Column('uuid') userId: string;
  @Column('bytea') digest: Buffer;
  @Column('timestamptz') expiresAt: Date;
  @Column('timestamptz') createdAt: Date;
}

/** Somebody may become a user, once, who holds the token of which this is the digest. */
@Entity('invitations')
@Index('invitations_digest_key', ['digest'], { unique: true })
@Check('invitations_role_check', ROLE_CHECK)
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'invitations_organization_fkey' })
export class Invitation {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invitations_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invitations_pkey' }) id: string;
  @Column('text') email: string;
  @Column('text') role: Role;
  @Column('bytea') digest: Buffer;
  @Column('text') invitedBy: string;
  @Column('timestamptz') expiresAt: Date;
  @Column('timestamptz', { nullable: true }) acceptedAt: Date | null;
  @Column('timestamptz', { nullable: true }) revokedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}
