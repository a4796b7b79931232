import type { EntityManager } from 'typeorm';
import type { PreparedStatement } from '../../../platform/database/database.js';
import type { Role } from '../domain/roles.js';
import type { OrganizationMode } from '../organization.entity.js';

export interface SignInCandidate {
  organizationId: string;
  id: string;
  passwordHash: string;
  mode: OrganizationMode;
}

/** Users with this address, in whatever organization, LIVE ones first. Served by users_email_idx. */
export const findUsersToSignIn = (tx: EntityManager, email: string, organizationId: string | null): Promise<SignInCandidate[]> =>
  tx.query<SignInCandidate[]>(
    `SELECT u.organization_id AS "organizationId", u.id, u.password_hash AS "passwordHash", o.mode
       FROM users u JOIN organizations o ON o.id = u.organization_id
      WHERE u.email = $1 AND ($2::uuid IS NULL OR u.organization_id = $2) ORDER BY o.mode, u.organization_id LIMIT 5`,
    [email, organizationId],
  );

export interface FoundSession {
  organizationId: string;
  userId: string;
  role: Role;
  expiresAt: Date;
}

/** Served by the unique index sessions_digest_key. */
export const lookUpSession = (digest: Buffer): PreparedStatement => ({
  name: 'look_up_session',
  text: `SELECT s.organization_id AS "organizationId", s.user_id AS "userId", u.role, s.expires_at AS "expiresAt"
           FROM sessions s JOIN users u ON u.organization_id = s.organization_id AND u.id = s.user_id WHERE s.digest = $1`,
  values: [digest],
});

/** How often each of these has failed since a time. Served by the primary key. */
export async function countFailures(tx: EntityManager, subjects: Buffer[], since: Date): Promise<number[]> {
  const rows = await tx.query<{ subject: Buffer; failures: number }[]>(
    'SELECT subject, failures FROM sign_in_failures WHERE subject = ANY ($1::bytea[]) AND began_at > $2',
    [subjects, since],
  );
  return subjects.map((subject) => rows.find((row) => row.subject.equals(subject))?.failures ?? 0);
}

/** One more for each; a count that began before `since` begins anew, and others that old are dropped. */
export async function noteFailure(tx: EntityManager, subjects: Buffer[], since: Date, now: Date): Promise<void> {
  const sorted = [...subjects].sort((a, b) => a.compare(b));
  await tx.query('DELETE FROM sign_in_failures WHERE began_at <= $2 AND NOT subject = ANY ($1::bytea[])', [sorted, since]);
  await tx.query(
    `INSERT INTO sign_in_failures (subject, failures, began_at) SELECT s, 1, $3 FROM unnest($1::bytea[]) AS s
     ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN sign_in_failures.began_at > $2 THEN sign_in_failures.failures + 1 ELSE 1 END,
       began_at = CASE WHEN sign_in_failures.began_at > $2 THEN sign_in_failures.began_at ELSE $3 END`,
    [sorted, since, now],
  );
}

export const clearFailures = (tx: EntityManager, subject: Buffer): Promise<unknown> =>
  tx.query('DELETE FROM sign_in_failures WHERE subject = $1', [subject]);
