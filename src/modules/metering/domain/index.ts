export { AGGREGATIONS, type Aggregation, type MeterDefinition, type MeterFilter } from './meter.js';
export type { Reading, ReadingRequest } from './reading.js';
export type { RejectionCode, UsageEventInput } from './usage-event.js';
