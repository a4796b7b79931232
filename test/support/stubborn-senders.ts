import { setTimeout as sleep } from 'node:timers/promises';
import type { RestAnswer } from './test-app.js';

export interface SentEvent {
  meter_name: string;
  customer_external_id: string;
  quantity: number;
  timestamp: string;
  idempotency_key: string;
}

export interface Sending {
  /** Where to send to, at this moment: a server that was killed comes back elsewhere. */
  url(): string | null;
  apiKey: string;
  /** Called with each answer, and null for a connection that failed. */
  onAnswer?(answer: Pick<RestAnswer, 'status' | 'headers'> | null): void;
}

/** Sends until it has been taken, as a client does that may lose nothing: the same events again after any failure. */
export async function sendStubbornly(sending: Sending, events: SentEvent[]): Promise<void> {
  const isSingle = events.length === 1;
  const path = `/api/v1/usage${isSingle ? '' : '/batch'}`;
  const body = JSON.stringify(isSingle ? events[0] : { events });
  const headers = { 'content-type': 'application/json', 'x-api-key': sending.apiKey };
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    const url = sending.url();
    const answer = url === null ? null : await fetch(`${url}${path}`, { method: 'POST', headers, body }).catch(() => null);
    const text = await answer?.text().catch(() => null);
    sending.onAnswer?.(answer && { status: answer.status, headers: answer.headers });
    if (answer?.ok && typeof text === 'string') {
      const { conflicts = 0, rejected = 0 } = JSON.parse(text) as { conflicts?: number; rejected?: number };
      if (conflicts + rejected > 0) throw new Error(`Not taken: ${text.slice(0, 300)}`);
      return;
    }
    if (answer && answer.status < 500 && answer.status !== 429) throw new Error(`Refused with ${answer.status}: ${text}`);
    await sleep(20 + (attempt % 5) * 10);
  }
  throw new Error('It was never taken.');
}
