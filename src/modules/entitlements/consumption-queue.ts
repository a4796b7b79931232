import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { ConsumptionLedger, type Demand, type Settlement } from './consumption-ledger.js';

interface Request {
  demand: Demand;
  resolve: (settlement: Settlement) => void;
  reject: (error: unknown) => void;
}

/** Demands that one transaction settles. */
const MAX_GATHERED = 200;

/**
 * Settles what is to be consumed or reserved, a transaction at a time: what comes meanwhile is settled together by the next. So a
 * limit that many ask for at once costs one lock and one commit, not one each. A transaction that fails is done again demand by
 * demand, so that none suffers for another.
 */
@Injectable()
export class ConsumptionQueue implements BeforeApplicationShutdown {
  private readonly waiting: Request[] = [];
  private running: Promise<void> | null = null;

  constructor(private readonly ledger: ConsumptionLedger) {}

  settle(demand: Demand): Promise<Settlement> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ demand, resolve, reject });
      this.running ??= this.run();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    // Whatever has arrived with the first is settled with it.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    while (this.waiting.length > 0) await this.settleTogether(this.waiting.splice(0, MAX_GATHERED));
    this.running = null;
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
