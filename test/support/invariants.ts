import { expect } from '@jest/globals';
import type { GraphqlClient } from './graphql-client.js';

interface InvariantView {
  name: string;
  holds: boolean;
  violations: number;
  examples: string[];
}

/** What must always hold of the books does, as the product itself sees it. */
export async function expectSoundBooks(api: GraphqlClient): Promise<void> {
  const { billingInvariants } = await api.query<{ billingInvariants: InvariantView[] }>(
    '{ billingInvariants { name holds violations examples } }',
  );
  expect(billingInvariants.length).toBeGreaterThan(0);
  expect(billingInvariants.filter(({ holds }) => !holds)).toEqual([]);
}
