/** What a credential may do; `admin` includes every other scope. */
export const SCOPES = [
  'usage.write',
  'usage.read',
  'usage.backfill',
  'catalog.read',
  'catalog.write',
  'customers.read',
  'customers.write',
  'subscriptions.read',
  'subscriptions.write',
  'invoices.read',
  'invoices.write',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** The customers that an actor is limited to: those of a partner app, or the one whose portal it is. Of plans, it may pick these. */
export type Limit = ({ readonly partnerAppId: string } | { readonly customerId: string }) & {
  /** null: all. */
  readonly planLookupKeys: readonly string[] | null;
};

/** Who acts, for which organization. */
export interface Actor {
  organizationId: string;
  /** Shown in transitions and logs: `api_key:<id>`, `user:<id>`, `portal:<customer id>` or `system`. */
  name: string;
  scopes: ReadonlySet<string>;
  /** None: all customers of the organization. */
  limit?: Limit;
  /** Of a user who is signed in. */
  userId?: string;
  /** Of a request: what it changes is noted under this. */
  trail?: { requestId: string; operation: string | null };
}

/** The actor of what the product does by itself. */
export const SYSTEM = 'system';

export const may = (actor: Actor, scope: Scope): boolean => actor.scopes.has(scope) || actor.scopes.has('admin');
