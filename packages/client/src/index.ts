export { UsageClient, type UsageClientOptions } from './usage-client.js';
export type { RejectedEvent, UsageEvent } from './usage-event.js';
export type { EntitlementAnswer } from './entitlement-answer.js';
export {
  EntitlementClient,
  FluxrateError,
  type ConsumeRequest,
  type Consumption,
  type EntitlementClientOptions,
} from './entitlement-client.js';
export { LocalEntitlements, type LocalAnswer, type LocalOptions, type WebSocketLike } from './local-entitlements.js';
