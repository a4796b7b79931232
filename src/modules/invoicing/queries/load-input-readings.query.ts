import type { EntityManager } from 'typeorm';
import { loadReadings, type Reading } from '../../metering/index.js';
import { readingKey, requiredReadings, type BillingInput } from '../domain/expected-lines.js';

export interface TenantBillingInput {
  organizationId: string;
  input: BillingInput;
}

/**
 * The readings that each of these inputs requires, all with one statement. `knownAt`: a transaction snapshot, which they
 * count what was visible in; null: what is visible now.
 */
export async function loadInputReadings(
  tx: EntityManager,
  inputs: readonly TenantBillingInput[],
  knownAt: string | null,
): Promise<Map<string, Reading>[]> {
  const requests = inputs.map(({ organizationId, input }) =>
    requiredReadings(input).map((request) => ({ ...request, organizationId, knownAt })),
  );
  const all = await loadReadings(tx, requests.flat());
  let offset = 0;
  return requests.map(({ length }) => {
    const own = all.slice(offset, (offset += length));
    return new Map(own.map((reading) => [readingKey(reading), reading]));
  });
}
