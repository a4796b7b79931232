import { byId } from '../../../platform/graphql/loader.js';
import { Customer } from '../../customers/index.js';
import { Meter } from '../meter.entity.js';

export const meterById = byId(Meter);
export const customerById = byId(Customer);
