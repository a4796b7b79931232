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

/** Who acts, for which organization. */
export interface Actor {
  organizationId: string;
  /** Shown in transitions and logs: `api_key:<id>` or `system`. */
  name: string;
  scopes: ReadonlySet<string>;
}

/** The actor of what the product does by itself. */
export const SYSTEM = 'system';

export const may = (actor: Actor, scope: Scope): boolean => actor.scopes.has(scope) || actor.scopes.has('admin');
