import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { noteChange } from '../../platform/database/audit.js';
import { Database } from '../../platform/database/database.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import type { Actor } from '../../shared/actor.js';
import { invalid } from '../../shared/errors.js';
import { TestClocksService, type TestClock } from '../organizations/index.js';
import type { Subscription } from '../subscriptions/index.js';
import { BillingFailuresService } from './billing-failures.service.js';
import { BillingService } from './billing.service.js';
import { FinalizationService } from './finalization.service.js';
import { isolate, isOutage } from './isolate.js';
import {
  claimDueOnTestClock,
  findDueDraftsOnTestClock,
  findNewlyOverdueOnTestClock,
  nextOnTestClock,
} from './queries/claim-due-work.query.js';
import { StandingService } from './standing.service.js';
import { testClockMoved } from './time-travel.events.js';
import { dueTask } from './workers.service.js';

const CHUNK = 500;
const MAX_YEARS = 20;

interface DueAtInstant {
  now: Date;
  subscriptions: readonly Subscription[];
  drafts: readonly string[];
  overdue: readonly string[];
}

/** Advances test clocks: whatever falls due on the way is done at its instant, in order, by the code that production runs. */
@Injectable()
export class TimeTravelService {
  constructor(
    private readonly database: Database,
    private readonly testClocks: TestClocksService,
    private readonly billing: BillingService,
    private readonly finalization: FinalizationService,
    private readonly failures: BillingFailuresService,
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
    // What falls due on the way is the system's doing: noted is that somebody set it going.
    const change = { table: 'test_clocks', before: { id, now: clock.now }, after: { id, now: to } };
    await this.database.transaction(actor, (tx) => noteChange(tx, change));
    while (await this.step(organizationId, id, to));
    return this.database.transaction(organizationId, (tx) => this.testClocks.get(tx, id));
  }

  /** Does what is due at the next instant, in one transaction; when that fails, in parts. False: nothing is left before `to`. */
  private async step(organizationId: string, id: string, to: Date): Promise<boolean> {
    let due: DueAtInstant | null = null;
    try {
      await this.database.transaction(organizationId, async (tx) => {
        due = await this.reach(tx, id, to);
        if (due) await this.carryOut(tx, due);
      });
    } catch (error) {
      if (due === null || isOutage(error)) throw error;
      await this.carryOutInParts(organizationId, id, due);
    }
    return due !== null;
  }

  /** Moves the clock to the next instant at which something is due, and finds it: billing first, and after it finalization. */
  private async reach(tx: EntityManager, id: string, to: Date): Promise<DueAtInstant | null> {
    const clock = await this.testClocks.lock(tx, id);
    const next = await nextOnTestClock(tx, clock.id, to);
    const now = next !== null && next > clock.now ? next : next === null ? laterOf(to, clock.now) : clock.now;
    await this.testClocks.set(tx, id, now);
    const { organizationId, now: from } = clock;
    await this.events.emit(testClockMoved, tx, { organizationId, testClockId: id, from, to: now });
    if (next === null) return null;
    const subscriptions = await claimDueOnTestClock(tx, id, now, CHUNK);
    if (subscriptions.length > 0) return { now, subscriptions, drafts: [], overdue: [] };
    const drafts = await findDueDraftsOnTestClock(tx, id, now);
    const overdue = await findNewlyOverdueOnTestClock(tx, id, now);
    return { now, subscriptions, drafts, overdue };
  }

  private async carryOut(tx: EntityManager, { now, subscriptions, drafts, overdue }: DueAtInstant): Promise<void> {
    if (subscriptions.length > 0) await this.billing.settle(tx, subscriptions.map(dueTask));
    if (drafts.length > 0) await this.finalization.finalizeDue(tx, drafts, now);
    if (overdue.length > 0) await this.standing.markOverdue(tx, overdue, now);
  }

  /** One customer's failure is noted, and holds up neither the others nor the clock. */
  private async carryOutInParts(organizationId: string, testClockId: string, due: DueAtInstant): Promise<void> {
    const { now } = due;
    const inTransaction = (work: (tx: EntityManager) => Promise<void>): Promise<void> =>
      this.database.transaction(organizationId, async (tx) => {
        await this.testClocks.lock(tx, testClockId);
        await this.testClocks.set(tx, testClockId, now);
        await work(tx);
      });
    const part = (some: Partial<DueAtInstant>) => (tx: EntityManager) =>
      this.carryOut(tx, { now, subscriptions: [], drafts: [], overdue: [], ...some });
    await isolate(
      due.subscriptions.map(({ id }) => id),
      (ids) =>
        inTransaction(async (tx) =>
          part({ subscriptions: await claimDueOnTestClock(tx, testClockId, now, ids.length, ids) })(tx),
        ),
      (id, error) => inTransaction((tx) => this.failures.note(tx, 'BILL', id, error, now)),
    );
    await isolate(
      due.drafts,
      (drafts) => inTransaction(part({ drafts })),
      (id, error) => inTransaction((tx) => this.failures.note(tx, 'FINALIZE', id, error, now)),
    );
    await inTransaction(part({ overdue: due.overdue }));
  }
}

const laterOf = (a: Date, b: Date): Date => (a > b ? a : b);
