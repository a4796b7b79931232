import { ILike, LessThan, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Page } from '../../../platform/graphql/connection.js';
import { Customer } from '../customer.entity.js';

/**
 * Customers whose external id, name or e-mail contains the text, newest first. Served by the primary key without a search
 * text, and with one by a scan of the organization's customers.
 */
export const searchCustomers = (tx: EntityManager, search: string | null, page: Page): Promise<Customer[]> =>
  tx.find(Customer, { where: matches(tx, search, page.after), order: { id: 'DESC' }, take: page.size + 1 });

export const countCustomers = (tx: EntityManager, search: string | null): Promise<number> =>
  tx.count(Customer, { where: matches(tx, search, null) });

function matches(tx: EntityManager, search: string | null, after: string | null): FindOptionsWhere<Customer>[] {
  const base = { organizationId: organizationOf(tx), ...(after ? { id: LessThan(after) } : {}) };
  if (!search) return [base];
  const contains = ILike(`%${search.replace(/[\\%_]/g, '\\$&')}%`);
  return [
    { ...base, externalId: contains },
    { ...base, name: contains },
    { ...base, email: contains },
  ];
}
