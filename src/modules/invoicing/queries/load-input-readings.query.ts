import type { EntityManager } from 'typeorm';
import { loadPresentReadings, type Reading } from '../../metering/index.js';
import { readingKey, type requiredReadings } from '../domain/expected-lines.js';

/** What one input of the pure code requires. */
export interface RequiredReadings {
  organizationId: string;
  required: ReturnType<typeof requiredReadings>;
}

export interface InputReadings {
  /** The transaction snapshot they were taken in. */
  snapshot: string;
  /** Of each input, by `readingKey`. */
  readings: Map<string, Reading>[];
}

/** The readings that many inputs require, of what is visible now, all with one statement. */
export async function loadInputReadings(tx: EntityManager, inputs: readonly RequiredReadings[]): Promise<InputReadings> {
  const requests = inputs.flatMap(({ organizationId, required }) => required.map((request) => ({ ...request, organizationId })));
  const { snapshot, readings: all } = await loadPresentReadings(tx, requests);
  let offset = 0;
  const readings = inputs.map(({ required }) => {
    const own = all.slice(offset, (offset += required.length));
    return new Map(own.map((reading) => [readingKey(reading), reading]));
  });
  return { snapshot, readings };
}
