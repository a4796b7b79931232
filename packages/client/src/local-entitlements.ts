import { compareDecimals } from './decimals.js';
import { unreachable, type EntitlementAnswer } from './entitlement-answer.js';

/** What is used of a WebSocket: that of browsers and Node 22, or of the package `ws`. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface LocalOptions {
  /** When nothing was heard of the server for so long, `whenUnreachable` decides. Default 10,000 ms. */
  longestStalenessMs?: number;
  /** How often the server is asked whether it is there. Default 2,000 ms. */
  pingIntervalMs?: number;
  /** Default: the global one, which Node has from 22 on. Before that pass the class of the package `ws`. */
  webSocket?: new (url: string, protocol: string) => WebSocketLike;
}

export interface LocalAnswer extends EntitlementAnswer {
  /** How long ago the server was last heard: what was accepted since then may be missing. */
  staleMs: number;
}

interface State {
  featureLookupKey: string;
  enabled: boolean;
  reason: string | null;
  value: string | null;
  limit: string | null;
  used: string | null;
  remaining: string | null;
  withinLimit: string | null;
  allowance: string | null;
  resetsAt: string | null;
}

interface Message {
  type: string;
  payload?:
    { data?: { entitlementChanged: { entitlements: State[] } } | null; errors?: { message: string }[] } | { message: string }[];
}

const CHANGED = `subscription ($customer: String!) { entitlementChanged(customerExternalId: $customer) {
  entitlements { featureLookupKey enabled reason value limit used remaining withinLimit allowance resetsAt } } }`;

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * What one customer has, kept fresh by a subscription. `check` answers in this process, from what was heard last: changes come within
 * some tenths of a second while the server is heard, and `staleMs` tells how old the answer may be. It counts nothing itself: many
 * processes that check together may let through what each of them sees room for. Where that must not be, `consume`.
 */
export class LocalEntitlements {
  /** Settled with the first state; fails when the server refuses for good. */
  readonly ready: Promise<void>;
  private states: ReadonlyMap<string, State> | null = null;
  private heardAt = -Infinity;
  private socket: WebSocketLike | null = null;
  private timer: NodeJS.Timeout | null = null;
  private ping: NodeJS.Timeout | null = null;
  private failures = 0;
  private closed = false;
  private isReady: () => void = () => undefined;
  private isRefused: (error: Error) => void = () => undefined;
  private readonly options: Required<LocalOptions>;

  constructor(
    private readonly customer: string,
    private readonly server: { url: string; apiKey: string; whenUnreachable: 'open' | 'closed' } & LocalOptions,
  ) {
    const webSocket = server.webSocket ?? (globalThis as { WebSocket?: LocalOptions['webSocket'] }).WebSocket;
    if (!webSocket) throw new Error('This Node has no WebSocket: pass the class of the package ws as `webSocket`.');
    this.options = {
      webSocket,
      longestStalenessMs: server.longestStalenessMs ?? 10_000,
      pingIntervalMs: server.pingIntervalMs ?? 2_000,
    };
    this.ready = new Promise((resolve, reject) => {
      this.isReady = resolve;
      this.isRefused = reject;
    });
    this.ready.catch(() => undefined);
    this.connect();
  }

  /** How long ago the server was last heard, in milliseconds. */
  get staleMs(): number {
    return performance.now() - this.heardAt;
  }

  check(feature: string, quantity: string | number | bigint = 1): LocalAnswer {
    const { staleMs } = this;
    if (!this.states || staleMs > this.options.longestStalenessMs)
      return { ...unreachable(this.server.whenUnreachable), staleMs };
    const state = this.states.get(feature);
    if (!state) return { ...unreachable('closed'), reason: 'FEATURE_NOT_IN_PLAN', staleMs };
    const { limit, used, remaining, resetsAt, value } = state;
    return { ...verdictOf(state, String(quantity)), limit, used, remaining, resetsAt, value, staleMs };
  }

  close(): void {
    this.closed = true;
    this.stop();
    this.socket?.close();
  }

  private connect(): void {
    const { url, apiKey } = this.server;
    const socket = new this.options.webSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    this.socket = socket;
    const send = (message: object): void => socket.send(JSON.stringify(message));
    socket.onopen = () => send({ type: 'connection_init', payload: { 'X-API-Key': apiKey } });
    socket.onmessage = ({ data }: { data: unknown }) => this.hear(JSON.parse(String(data)) as Message, send);
    socket.onerror = () => undefined;
    socket.onclose = () => this.reconnect();
  }

  private hear(message: Message, send: (message: object) => void): void {
    if (message.type === 'connection_ack') {
      send({ id: '1', type: 'subscribe', payload: { query: CHANGED, variables: { customer: this.customer } } });
      this.ping = setInterval(() => send({ type: 'ping' }), this.options.pingIntervalMs);
      this.ping.unref();
    } else if (message.type === 'ping') send({ type: 'pong' });
    else if (message.type === 'pong' && this.states) this.heardAt = performance.now();
    else if (message.type === 'next' && message.payload && !Array.isArray(message.payload)) {
      const entitlements = message.payload.data?.entitlementChanged.entitlements;
      if (entitlements) this.take(entitlements);
    } else if (message.type === 'error') {
      const [refusal] = Array.isArray(message.payload) ? message.payload : [];
      this.isRefused(new Error(refusal?.message ?? 'The server refused.'));
      this.socket?.close();
    }
  }

  private take(entitlements: State[]): void {
    this.states = new Map(entitlements.map((state) => [state.featureLookupKey, state]));
    this.heardAt = performance.now();
    this.failures = 0;
    this.isReady();
  }

  /** Tries again, ever more slowly; what was heard last is told meanwhile, as long as it may be. */
  private reconnect(): void {
    this.stop();
    if (this.closed) return;
    this.failures += 1;
    const pauseMs = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    this.timer = setTimeout(() => this.connect(), pauseMs);
    this.timer.unref();
  }

  private stop(): void {
    if (this.timer) clearTimeout(this.timer);
    if (this.ping) clearInterval(this.ping);
  }
}

function verdictOf(
  { enabled, reason, withinLimit, allowance }: State,
  quantity: string,
): Pick<LocalAnswer, 'allowed' | 'reason'> {
  if (!enabled) return { allowed: false, reason: reason ?? 'DISABLED' };
  if (withinLimit === null || compareDecimals(quantity, withinLimit) <= 0) return { allowed: true, reason: 'GRANTED' };
  if (allowance === null || compareDecimals(quantity, allowance) <= 0) return { allowed: true, reason: 'SOFT_LIMIT_EXCEEDED' };
  return { allowed: false, reason: 'LIMIT_REACHED' };
}
