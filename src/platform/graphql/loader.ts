import { In, type EntityManager, type EntityTarget, type FindOptionsWhere, type ObjectLiteral } from 'typeorm';
import { organizationOf } from '../database/database.js';

/** How many keys are answered with one statement. Defined once per module, instantiated per snapshot (RequestContext.load). */
export interface LoaderDefinition<K, V> {
  batch(tx: EntityManager, keys: readonly K[]): Promise<V[]>;
  cacheKey?: (key: K) => unknown;
}

interface Owned extends ObjectLiteral {
  organizationId: string;
  id: string;
}

/** Loads rows of one table by id; null for an id that the organization does not have. */
export function byId<T extends Owned>(entity: EntityTarget<T>): LoaderDefinition<string, T | null> {
  return {
    async batch(tx, ids) {
      const rows = await tx.findBy(entity, { organizationId: organizationOf(tx), id: In([...ids]) } as FindOptionsWhere<T>);
      const found = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => found.get(id) ?? null);
    },
  };
}

/** Loads all children of a parent, in the order given. For parents that have few of them (charges of a plan). */
export function byParent<T extends Owned>(
  entity: EntityTarget<T>,
  parentId: keyof T & string,
  order: (a: T, b: T) => number,
): LoaderDefinition<string, T[]> {
  return {
    async batch(tx, ids) {
      const rows = await tx.findBy(entity, {
        organizationId: organizationOf(tx),
        [parentId]: In([...ids]),
      } as FindOptionsWhere<T>);
      const grouped = groupBy(rows, (row) => row[parentId] as string);
      return ids.map((id) => (grouped.get(id) ?? []).sort(order));
    },
  };
}

export function groupBy<T>(rows: T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
