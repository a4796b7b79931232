import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { SYSTEM, type Actor } from '../../shared/actor.js';
import { invalid } from '../../shared/errors.js';
import { TestClocksService, type TestClock } from '../organizations/index.js';
import { BillingService } from './billing.service.js';
import { FinalizationService } from './finalization.service.js';
import { claimDueOnTestClock, findDraftsOnTestClock, findNewlyOverdue, nextOnTestClock } from './queries/claim-due-work.query.js';
import { StandingService } from './standing.service.js';
import { testClockMoved } from './time-travel.events.js';

const CHUNK = 500;
const MAX_YEARS = 20;

/** Advances test clocks: whatever falls due on the way is done at its instant, in order, by the code that production runs. */
@Injectable()
export class TimeTravelService {
  constructor(
    private readonly database: Database,
    private readonly testClocks: TestClocksService,
    private readonly billing: BillingService,
    private readonly finalization: FinalizationService,
    private readonly standing: StandingService,
    private readonly events: DomainEvents,
  ) {}

  /** Each instant is a transaction of its own: an advance that is cut off goes on from where it was. */
  async advance(actor: Actor, id: string, to: Date): Promise<TestClock> {
    const { organizationId } = actor;
    const clock = await this.database.transaction(organizationId, (tx) => this.testClocks.get(tx, id));
    if (to < clock.now) throw invalid('to', 'A test clock goes forward only.');
    if (to.getTime() - clock.now.getTime() > MAX_YEARS * 366 * 86_400_000)
      throw invalid('to', `Advance at most ${MAX_YEARS} years at once.`);
    while (await this.database.transaction(organizationId, (tx) => this.step(tx, id, to)));
    return this.database.transaction(organizationId, (tx) => this.testClocks.get(tx, id));
  }

  /** Moves the clock to the next instant at which something is due and does it. False: nothing is left before `to`. */
  private async step(tx: EntityManager, id: string, to: Date): Promise<boolean> {
    const clock = await this.testClocks.lock(tx, id);
    const next = await nextOnTestClock(tx, clock.id, to);
    const now = next !== null && next > clock.now ? next : next === null ? laterOf(to, clock.now) : clock.now;
    await this.testClocks.set(tx, id, now);
    const { organizationId, now: from } = clock;
    await this.events.emit(testClockMoved, tx, { organizationId, testClockId: id, from, to: now });
    if (next === null) return false;
    const due = await claimDueOnTestClock(tx, id, now, CHUNK);
    if (due.length > 0) {
      await this.billing.settle(
        tx,
        due.map((subscription) => ({ subscription, at: subscription.dueAt as Date, actor: SYSTEM, reason: null })),
      );
      return true;
    }
    for (const draft of await findDraftsOnTestClock(tx, id, now)) await this.finalization.finalize(tx, draft.id);
    for (const subscription of await findNewlyOverdue(tx, id, now)) await this.standing.markOverdue(tx, subscription.id, now);
    return true;
  }
}

const laterOf = (a: Date, b: Date): Date => (a > b ? a : b);
