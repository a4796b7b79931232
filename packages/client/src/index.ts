export { UsageClient, type UsageClientOptions } from './usage-client.js';
export type { RejectedEvent, UsageEvent } from './usage-event.js';
