import { byId, byParent } from '../../../platform/graphql/loader.js';
import { Feature } from '../../catalog/index.js';
import { Grant } from '../grant.entity.js';

export const featureById = byId(Feature);
/** Newest first. */
export const grantsOfCustomer = byParent(Grant, 'customerId', (a, b) => (a.id > b.id ? -1 : 1));
