import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { ConsumptionLedger, pairOf, type Demand, type Settlement } from './consumption-ledger.js';

interface Request {
  demand: Demand;
  /** Customer and meter: what is locked. */
  pair: string;
  resolve: (settlement: Settlement) => void;
  reject: (error: unknown) => void;
}

/** Demands that one transaction settles. */
const MAX_GATHERED = 200;
/** Transactions at once, never two about one customer and meter: the second would only wait. */
const MAX_TRANSACTIONS = 3;

/**
 * Settles what is to be consumed or reserved: what comes while transactions are under way is settled together by the next. So a limit
 * that many ask for at once costs one lock and one commit, not one each. A transaction that fails is done again demand by demand,
 * so that none suffers for another.
 */
@Injectable()
export class ConsumptionQueue implements BeforeApplicationShutdown {
  private waiting: Request[] = [];
  private readonly locked = new Set<string>();
  private transactions = 0;
  private isDue = false;
  private idle: (() => void) | null = null;

  constructor(private readonly ledger: ConsumptionLedger) {}

  settle(demand: Demand): Promise<Settlement> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ demand, pair: pairOf(demand), resolve, reject });
      this.schedule();
    });
  }

  /** Nothing is left behind. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.transactions === 0 && this.waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      this.idle = resolve;
    });
  }

  /** Whatever arrives together is settled together. */
  private schedule(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      this.start();
    });
  }

  private start(): void {
    while (this.transactions < MAX_TRANSACTIONS) {
      const requests = this.take();
      if (requests.length === 0) break;
      const pairs = new Set(requests.map(({ pair }) => pair));
      for (const pair of pairs) this.locked.add(pair);
      this.transactions += 1;
      void this.settleTogether(requests).finally(() => {
        for (const pair of pairs) this.locked.delete(pair);
        this.transactions -= 1;
        this.schedule();
      });
    }
    if (this.transactions === 0 && this.waiting.length === 0) this.idle?.();
  }

  /** In the order they came, but for those that would have to wait for a transaction under way. */
  private take(): Request[] {
    const taken: Request[] = [];
    const left: Request[] = [];
    for (const request of this.waiting)
      (taken.length < MAX_GATHERED && !this.locked.has(request.pair) ? taken : left).push(request);
    this.waiting = left;
    return taken;
  }

  private async settleTogether(requests: Request[]): Promise<void> {
    try {
      const settlements = await this.ledger.settle(requests.map(({ demand }) => demand));
      requests.forEach(({ resolve }, index) => resolve(settlements[index]));
    } catch (error) {
      if (requests.length === 1) {
        requests[0].reject(error);
        return;
      }
      for (const request of requests) await this.settleTogether([request]);
    }
  }
}
