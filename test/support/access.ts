import { GraphqlClient } from './graphql-client.js';
import type { TestApp } from './test-app.js';

/** Makes a key of these scopes, of a partner app if one is given. */
export async function createKey(
  app: TestApp,
  scopes: string[],
  more: { partnerAppId?: string; expiresAt?: string } = {},
): Promise<{ id: string; client: GraphqlClient }> {
  const { createApiKey } = await app.api.query<{ createApiKey: { apiKey: { id: string }; secret: string } }>(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }',
    { input: { name: 'key', scopes, ...more } },
  );
  return { id: createApiKey.apiKey.id, client: new GraphqlClient(app.url, createApiKey.secret) };
}

/** Scopes that a partner app may have. */
export const PARTNER_SCOPES = [
  'usage.write',
  'usage.read',
  'usage.backfill',
  'catalog.read',
  'customers.read',
  'customers.write',
  'subscriptions.read',
  'subscriptions.write',
  'invoices.read',
  'invoices.write',
];

export async function createPartnerApp(app: TestApp, input: Record<string, unknown> = {}): Promise<string> {
  const { createPartnerApp: made } = await app.api.query<{ createPartnerApp: { id: string } }>(
    'mutation ($input: CreatePartnerAppInput!) { createPartnerApp(input: $input) { id } }',
    { input: { name: 'Partner', ...input } },
  );
  return made.id;
}

export const GRANT =
  'mutation ($partnerAppId: ID!, $customerId: ID!) { grantCustomer(partnerAppId: $partnerAppId, customerId: $customerId) { id } }';

/** A client in the portal of a customer. */
export async function openPortal(api: GraphqlClient, customerId: string, minutes = 60): Promise<GraphqlClient> {
  const { createPortalSession } = await api.query<{ createPortalSession: { token: string } }>(
    'mutation ($id: ID!, $minutes: Int!) { createPortalSession(customerId: $id, minutes: $minutes) { token } }',
    { id: customerId, minutes },
  );
  return new GraphqlClient(api.url, createPortalSession.token);
}
