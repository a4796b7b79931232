import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

/** Orders whoever changes what the organization has one of at a time. Whoever refers to it does not wait. */
export async function lockOrganization(tx: EntityManager): Promise<void> {
  await tx.query('SELECT FROM organizations WHERE id = $1 FOR NO KEY UPDATE', [organizationOf(tx)]);
}
