import { SCOPES, type Scope } from '../../../shared/actor.js';

export const ROLES = ['OWNER', 'ADMIN', 'BILLING', 'VIEWER'] as const;
export type Role = (typeof ROLES)[number];

/** What a role may do. Owners and admins differ in one thing: only an owner makes, changes or removes owners. */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  OWNER: SCOPES,
  ADMIN: SCOPES,
  BILLING: [
    'usage.read',
    'catalog.read',
    'customers.read',
    'customers.write',
    'subscriptions.read',
    'subscriptions.write',
    'invoices.read',
    'invoices.write',
  ],
  VIEWER: ['usage.read', 'catalog.read', 'customers.read', 'subscriptions.read', 'invoices.read'],
};
