import type { EntityManager } from 'typeorm';
import { loadReadings, type Reading } from '../../metering/index.js';
import { readingKey, type requiredReadings } from '../domain/expected-lines.js';

/** What one input of the pure code requires. */
export interface RequiredReadings {
  organizationId: string;
  required: ReturnType<typeof requiredReadings>;
}

/**
 * The readings that many inputs require, all with one statement, each by `readingKey`. `knownAt`: a transaction snapshot,
 * which they count what was visible in; null: what is visible now.
 */
export async function loadInputReadings(
  tx: EntityManager,
  inputs: readonly RequiredReadings[],
  knownAt: string | null,
): Promise<Map<string, Reading>[]> {
  const requests = inputs.flatMap(({ organizationId, required }) =>
    required.map((request) => ({ ...request, organizationId, knownAt })),
  );
  const all = await loadReadings(tx, requests);
  let offset = 0;
  return inputs.map(({ required }) => {
    const own = all.slice(offset, (offset += required.length));
    return new Map(own.map((reading) => [readingKey(reading), reading]));
  });
}
