import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable, type EntitlementAnswer } from './entitlement-answer.js';
import { LocalEntitlements, type LocalOptions } from './local-entitlements.js';

export interface EntitlementClientOptions {
  /** Where Fluxrate answers, such as `https://billing.example.com`. */
  url: string;
  /** A key with the scopes `usage.read` and, for `consume`, `usage.write`. */
  apiKey: string;
  /** What to answer when the server cannot be reached: let through, or refuse. Default `closed`. */
  whenUnreachable?: 'open' | 'closed';
  /** A request that takes longer counts as not reached. Default 2,000 ms. */
  requestTimeoutMs?: number;
  /** Tries of one `consume`, all under the same idempotency key. Default 3. */
  attempts?: number;
}

export interface Consumption extends EntitlementAnswer {
  /** Of what was recorded; null: nothing was. */
  eventId: string | null;
}

export interface ConsumeRequest {
  customer: string;
  feature: string;
  /** Default 1. A string keeps every digit. */
  quantity?: string | number | bigint;
  /** Makes it count once, however often it is sent; default: a random UUID. */
  idempotencyKey?: string;
  timestamp?: Date | string;
  properties?: Record<string, unknown>;
}

/** The server refused to answer: a customer or feature that does not exist, a key without the scope. */
export class FluxrateError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
    message: string,
  ) {
    super(message);
    this.name = 'FluxrateError';
  }
}

interface Body {
  allowed: boolean;
  reason: string;
  limit: string | null;
  used: string | null;
  remaining: string | null;
  resets_at: string | null;
  value?: string | number | null;
  event_id?: string | null;
}

const FIRST_PAUSE_MS = 50;

/** Asks what customers may use, and uses it up. */
export class EntitlementClient {
  private readonly options: Required<EntitlementClientOptions>;

  constructor(options: EntitlementClientOptions) {
    this.options = {
      whenUnreachable: 'closed',
      requestTimeoutMs: 2_000,
      attempts: 3,
      ...options,
      url: options.url.replace(/\/+$/, ''),
    };
  }

  /** May this customer use so much more of the feature now? Asks the server each time. */
  async check(customer: string, feature: string, quantity: string | number | bigint = 1): Promise<EntitlementAnswer> {
    const query = new URLSearchParams({ customer_external_id: customer, feature, quantity: String(quantity) });
    const body = await this.send(`/api/v1/entitlements/check?${query.toString()}`, { method: 'GET' });
    return body ? answerOf(body) : this.unreachable();
  }

  /** Records the usage if it fits. A try that got no answer is made again under the same key, so it counts once. */
  async consume(request: ConsumeRequest): Promise<Consumption> {
    const { customer, feature, quantity = 1, idempotencyKey = crypto.randomUUID(), timestamp, properties } = request;
    const text = JSON.stringify({
      customer_external_id: customer,
      feature,
      quantity: String(quantity),
      idempotency_key: idempotencyKey,
      timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp,
      properties,
    });
    for (let attempt = 1; attempt <= this.options.attempts; attempt += 1) {
      const body = await this.send('/api/v1/entitlements/consume', {
        method: 'POST',
        body: text,
        headers: { 'content-type': 'application/json' },
      });
      if (body) return { ...answerOf(body), eventId: body.event_id ?? null };
      await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
    }
    return { ...this.unreachable(), eventId: null };
  }

  /** Keeps what a customer has at hand and answers in this process. */
  watch(customer: string, options: LocalOptions = {}): LocalEntitlements {
    const { url, apiKey, whenUnreachable } = this.options;
    return new LocalEntitlements(customer, { url, apiKey, whenUnreachable, ...options });
  }

  /** Null: no answer, or none that is final. */
  private async send(path: string, request: RequestInit): Promise<Body | null> {
    const { url, apiKey, requestTimeoutMs } = this.options;
    try {
      const response = await fetch(`${url}${path}`, {
        ...request,
        redirect: 'error',
        headers: { ...request.headers, 'x-api-key': apiKey },
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      const body = (await response.json()) as Body & { code?: string; detail?: string };
      if (response.ok) return body;
      if (response.status >= 500 || response.status === 429) return null;
      throw new FluxrateError(response.status, body.code ?? null, body.detail ?? `Fluxrate answered ${response.status}.`);
    } catch (error) {
      if (error instanceof FluxrateError) throw error;
      return null;
    }
  }

  private unreachable(): EntitlementAnswer {
    return unreachable(this.options.whenUnreachable);
  }
}

const answerOf = ({ allowed, reason, limit, used, remaining, resets_at: resetsAt, value = null }: Body): EntitlementAnswer => ({
  allowed,
  reason,
  limit,
  used,
  remaining,
  resetsAt,
  value,
});
