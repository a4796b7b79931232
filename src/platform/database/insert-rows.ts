import type { EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';

/**
 * Inserts any number of rows with one statement. They travel as one JSON value: TypeORM's own insert makes a parameter of every
 * value, which costs more than everything else about a billing run. Columns that the first row leaves undefined get their default.
 */
export async function insertRows<T extends ObjectLiteral>(
  tx: EntityManager,
  entity: EntityTarget<T>,
  rows: readonly T[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const { tablePath, columns } = tx.connection.getMetadata(entity);
  const given = columns.filter(({ propertyName }) => first[propertyName] !== undefined);
  await tx.query(
    `INSERT INTO ${tablePath} (${given.map(({ databaseName }) => databaseName).join(', ')})
     SELECT * FROM jsonb_to_recordset($1::jsonb) AS w (${given.map(({ propertyName, type }) => `"${propertyName}" ${String(type)}`).join(', ')})`,
    [JSON.stringify(rows)],
  );
}
