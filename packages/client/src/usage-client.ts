import { setTimeout as sleep } from 'node:timers/promises';
import { queued, type QueuedEvent, type RejectedEvent, type UsageEvent } from './usage-event.js';

export interface UsageClientOptions {
  /** Where Fluxrate answers, such as `https://billing.example.com`. */
  url: string;
  /** A key with the scope `usage.write`. */
  apiKey: string;
  /** Events in one request, 1 to 10,000. Default 500. */
  batchSize?: number;
  /** How long an event waits for others before it is sent. Default 1,000 ms. */
  flushIntervalMs?: number;
  /** Events that wait at most; when the queue is full, `track` returns false. Default 100,000. */
  queueLimit?: number;
  /** A request that takes longer is given up and sent again. Default 10,000 ms. */
  requestTimeoutMs?: number;
  /** Longest pause between two tries. Default 30,000 ms. */
  longestPauseMs?: number;
  /** Sends what is left before the process ends by itself, with one try a batch. Default true. On a signal call `close` yourself. */
  flushOnExit?: boolean;
  /** An event that the server refused for good. */
  onRejected?: (rejected: RejectedEvent) => void;
  /** A try that failed and will be repeated. */
  onError?: (error: Error, attempt: number) => void;
}

/** One answer of POST /api/v1/usage/batch. */
interface BatchAnswer {
  results: { index: number; verdict: string; code?: string; detail?: string }[];
}

const FIRST_PAUSE_MS = 200;

/**
 * Sends usage events in the background. `track` only queues and never waits; a batch is repeated until the server has answered
 * it, so an event is lost only with the process, and counted once however often it was sent.
 */
export class UsageClient {
  private readonly queue: QueuedEvent[] = [];
  private readonly options: Required<Omit<UsageClientOptions, 'onRejected' | 'onError'>> & UsageClientOptions;
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> | null = null;
  private closed = false;
  /** How many wait for the queue to be sent: while somebody does, a pause between tries keeps the process alive. */
  private waiting = 0;
  private readonly onBeforeExit = (): void => void this.send();

  constructor(options: UsageClientOptions) {
    this.options = {
      batchSize: 500,
      flushIntervalMs: 1_000,
      queueLimit: 100_000,
      requestTimeoutMs: 10_000,
      longestPauseMs: 30_000,
      flushOnExit: true,
      ...options,
      url: options.url.replace(/\/+$/, ''),
    };
    if (this.options.flushOnExit) process.on('beforeExit', this.onBeforeExit);
  }

  /** Events that have not been answered yet. */
  get pending(): number {
    return this.queue.length;
  }

  /** Queues an event. False: the queue is full (or the client closed), and the event was not taken. */
  track(event: UsageEvent): boolean {
    if (this.closed || this.queue.length >= this.options.queueLimit) return false;
    this.queue.push(queued(event, new Date()));
    if (this.queue.length >= this.options.batchSize) void this.send();
    else this.timer ??= setTimeout(() => void this.send(), this.options.flushIntervalMs).unref();
    return true;
  }

  /** Sends everything that is queued; done when the server has answered all of it. */
  async flush(): Promise<void> {
    this.waiting += 1;
    await this.send().finally(() => (this.waiting -= 1));
  }

  /** Takes no more events, and sends what is queued. Call it when the process is asked to stop. */
  async close(): Promise<void> {
    this.closed = true;
    process.off('beforeExit', this.onBeforeExit);
    await this.flush();
  }

  private send(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.sending ??= this.sendAll().finally(() => (this.sending = null));
    return this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, this.options.batchSize);
      await this.sendUntilAnswered(batch);
      this.queue.splice(0, batch.length);
    }
  }

  private async sendUntilAnswered(batch: QueuedEvent[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.post(batch);
        if (isFinal(response.status)) {
          await this.settle(batch, response);
          return;
        }
        await response.body?.cancel();
        this.options.onError?.(new Error(`Fluxrate answered ${response.status}.`), attempt);
        await this.pause(retryAfterMs(response) ?? this.pauseMs(attempt));
      } catch (error) {
        this.options.onError?.(error as Error, attempt);
        await this.pause(this.pauseMs(attempt));
      }
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { ref: this.waiting > 0 });
  }

  private post(batch: QueuedEvent[]): Promise<Response> {
    return fetch(`${this.options.url}/api/v1/usage/batch`, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/x-ndjson', 'x-api-key': this.options.apiKey },
      body: batch.map(({ body }) => body).join('\n'),
      signal: AbortSignal.timeout(this.options.requestTimeoutMs),
    });
  }

  /** Tells of what was refused: single events of a batch that was taken, or all of one that was not. */
  private async settle(batch: QueuedEvent[], response: Response): Promise<void> {
    const answer = (await response.json()) as BatchAnswer & { code?: string; detail?: string };
    const refuse = (event: UsageEvent, verdict: 'REJECTED' | 'CONFLICT', code?: string, detail?: string): void =>
      this.options.onRejected?.({ event, verdict, code: code ?? null, detail: detail ?? null });
    if (!response.ok) {
      if (response.status === 413 && batch.length > 1) await this.sendInHalves(batch);
      else for (const { event } of batch) refuse(event, 'REJECTED', answer.code, answer.detail);
      return;
    }
    for (const { index, verdict, code, detail } of answer.results)
      if (verdict === 'REJECTED' || verdict === 'CONFLICT') refuse(batch[index].event, verdict, code, detail);
  }

  private async sendInHalves(batch: QueuedEvent[]): Promise<void> {
    const middle = Math.ceil(batch.length / 2);
    await this.sendUntilAnswered(batch.slice(0, middle));
    await this.sendUntilAnswered(batch.slice(middle));
  }

  /** Longer with every try, and never the same for two clients. */
  private pauseMs(attempt: number): number {
    return Math.random() * Math.min(this.options.longestPauseMs, FIRST_PAUSE_MS * 2 ** attempt);
  }
}

/** Whether trying again is pointless. A key that is refused may be mended, so it is not. */
const isFinal = (status: number): boolean => status < 500 && ![401, 403, 404, 408, 429].includes(status);

function retryAfterMs(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
