import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import { Credentials, digestOf, newSecretOf, type Credential } from '../../platform/credentials.js';
import { Database, organizationOf, type PreparedStatement } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import type { Scope } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { invalid } from '../../shared/errors.js';
import { CustomersService } from './customers.service.js';
import { PortalSession } from './portal-session.entity.js';

const MINUTE_MS = 60_000;
export const DEFAULT_PORTAL_MINUTES = 60;
const MAX_PORTAL_MINUTES = 24 * 60;

/** What a customer may do in their portal: read, and of everything only what is theirs (row-level security). */
const PORTAL_SCOPES: readonly Scope[] = ['customers.read', 'subscriptions.read', 'usage.read', 'invoices.read'];

type FoundSession = Pick<PortalSession, 'organizationId' | 'customerId' | 'expiresAt'>;

/** Served by the unique index portal_sessions_digest_key. */
const lookUpPortalSession = (digest: Buffer): PreparedStatement => ({
  name: 'look_up_portal_session',
  text: `SELECT organization_id AS "organizationId", customer_id AS "customerId", expires_at AS "expiresAt"
           FROM portal_sessions WHERE digest = $1`,
  values: [digest],
});

@Injectable()
export class PortalSessionsService {
  constructor(
    private readonly database: Database,
    private readonly customers: CustomersService,
    private readonly clock: Clock,
    private readonly credentials: Credentials,
  ) {
    credentials.register({
      secrets: /^portal_[A-Za-z0-9_-]{43}$/,
      tables: ['portal_sessions'],
      lookUp: (digest) => this.lookUp(digest),
    });
  }

  /** Makes a token for one customer. It is in the answer and nowhere else. */
  async create(tx: EntityManager, customerId: string, minutes: number): Promise<{ token: string; expiresAt: Date }> {
    if (minutes < 1 || minutes > MAX_PORTAL_MINUTES) throw invalid('minutes', `minutes must be from 1 to ${MAX_PORTAL_MINUTES}.`);
    const customer = await this.customers.get(tx, customerId);
    const organizationId = organizationOf(tx);
    const now = this.clock.now();
    const owner = { organizationId, customerId: customer.id };
    await tx.delete(PortalSession, { ...owner, expiresAt: LessThanOrEqual(now) });
    const token = newSecretOf('portal_');
    const expiresAt = new Date(now.getTime() + minutes * MINUTE_MS);
    await tx.insert(PortalSession, { ...owner, id: newId(), digest: digestOf(token), expiresAt, createdAt: now });
    return { token, expiresAt };
  }

  /** Ends all of a customer's sessions, in every process. */
  async end(tx: EntityManager, customerId: string): Promise<number> {
    const customer = await this.customers.get(tx, customerId);
    const { affected } = await tx.delete(PortalSession, { organizationId: organizationOf(tx), customerId: customer.id });
    this.credentials.forget();
    return affected ?? 0;
  }

  private async lookUp(digest: Buffer): Promise<Credential | null> {
    const [session] = await this.database.statement<FoundSession>('find a portal session', lookUpPortalSession(digest));
    if (!session) return null;
    const { organizationId, customerId, expiresAt } = session;
    const limit = { customerId, planLookupKeys: [] };
    return {
      actor: { organizationId, name: `portal:${customerId}`, scopes: new Set(PORTAL_SCOPES), limit },
      expiresAt,
      lookAgainAt: null,
    };
  }
}
