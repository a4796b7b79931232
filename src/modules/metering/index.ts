export { daySums, daySumsOf, NO_SUMS, type DaySums, type DaySumsRow } from './queries/load-day-sums.query.js';
export type { Reading } from './domain/index.js';
export { CreateMeterInput, MeterType } from './graphql/meter.types.js';
export { customerById, meterById } from './graphql/metering.loaders.js';
export { UsageEventConnectionType, UsageEventType, UsageReportType } from './graphql/usage.types.js';
export { Meter } from './meter.entity.js';
export { MeteringModule } from './metering.module.js';
export { MetersService } from './meters.service.js';
export { loadArrivals, type Arrivals } from './queries/load-arrivals.query.js';
export { countCountedEvents, loadCountedEvents, type CountedEventsRequest } from './queries/load-counted-events.query.js';
export {
  loadPresentReadings,
  loadReadings,
  presentReadings,
  type OwnedReadingRequest,
  type TenantReadingRequest,
} from './queries/load-readings.query.js';
export type { UsageEventRow } from './queries/load-usage-events.query.js';
export { UsageReportsService, type UsageReport } from './usage-reports.service.js';
export {
  findHoldersOfKeys,
  recordUsage,
  type KeyHolder,
  type NewUsageEvent,
  type RefusedEvent,
} from './queries/record-usage.query.js';
export type { UsageEventInput } from './domain/index.js';
export { eventFieldsOf } from './rest/usage-body.js';
export { UsageService } from './usage.service.js';
export { loadUsageByCustomer } from './queries/load-usage.query.js';
export { RECONCILER, UsageUpkeepService } from './usage-upkeep.service.js';
export { LIVE_UPDATES, UsageFeed } from './graphql/usage-feed.js';
