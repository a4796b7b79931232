/** One thing that a customer did. */
export interface UsageEvent {
  /** The meter's name; give `meterToken` instead to name it by its token. */
  meter?: string;
  meterToken?: string;
  /** The customer's id in your own system. */
  customer: string;
  /** What is counted. A string keeps every digit; a number is sent with the digits that JavaScript prints. */
  quantity?: string | number | bigint;
  properties?: Record<string, unknown>;
  /** When it happened; default: when `track` was called. */
  timestamp?: Date | string;
  /** Makes the event count once, however often it is sent; default: a random UUID. */
  idempotencyKey?: string;
}

/** An event that the server will not take, whatever is retried. */
export interface RejectedEvent {
  event: UsageEvent;
  verdict: 'REJECTED' | 'CONFLICT';
  code: string | null;
  detail: string | null;
}

/** An event on its way: its body is fixed when it is tracked, so that a retry is the same to the last byte. */
export interface QueuedEvent {
  event: UsageEvent;
  body: string;
}

export function queued(event: UsageEvent, now: Date): QueuedEvent {
  const { meter, meterToken, customer, quantity, properties, timestamp, idempotencyKey } = event;
  const body = JSON.stringify({
    meter_name: meter,
    meter_token: meterToken,
    customer_external_id: customer,
    quantity: quantity === undefined ? undefined : String(quantity),
    properties,
    timestamp: timestamp instanceof Date ? timestamp.toISOString() : (timestamp ?? now.toISOString()),
    idempotency_key: idempotencyKey ?? crypto.randomUUID(),
  });
  return { event, body };
}
