import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { decimal, decimalText, sum } from '../../src/shared/decimal.js';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { randomRuns } from '../support/random-runs.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-01-05T00:00:00Z');
const iso = (instant: number): string => new Date(instant).toISOString();

/** Prices by the day, in intervals of whole weeks: every part of a period comes out even. Usage tells the plans apart by its digits. */
const PLANS = {
  a: { perDay: 1, perCall: 1, intervalCount: 1, timing: {} },
  b: { perDay: 2, perCall: 100, intervalCount: 1, timing: IN_ADVANCE },
  c: { perDay: 3, perCall: 10_000, intervalCount: 1, timing: IN_ADVANCE },
  d: { perDay: 1, perCall: 1_000_000, intervalCount: 2, timing: IN_ADVANCE },
  e: { perDay: 5, perCall: 100_000_000, intervalCount: 2, timing: {} },
} as const;
type PlanKey = keyof typeof PLANS;
const PLAN_KEYS = Object.keys(PLANS) as PlanKey[];

/** What the customer decided, and the obvious reckoning of what it comes to: day by day, event by event. */
class Diary {
  private readonly entries: { at: number; plan?: PlanKey; paused?: boolean }[] = [];
  private scheduled: { at: number; plan: PlanKey } | null = null;
  private readonly events: { at: number; quantity: number }[] = [];

  decide(at: number, entry: { plan?: PlanKey; paused?: boolean }): void {
    this.entries.push({ at, ...entry });
  }

  schedule(entry: { at: number; plan: PlanKey } | null): void {
    this.scheduled = entry;
  }

  use(at: number, quantity: number): void {
    this.events.push({ at, quantity });
  }

  /** What was scheduled takes place. */
  reach(now: number): void {
    if (!this.scheduled || this.scheduled.at > now) return;
    this.decide(this.scheduled.at, { plan: this.scheduled.plan });
    this.scheduled = null;
  }

  hasScheduled(): boolean {
    return this.scheduled !== null;
  }

  at(instant: number): { plan: PlanKey; paused: boolean } {
    const until = this.entries.filter(({ at }) => at <= instant).sort((x, y) => x.at - y.at);
    return {
      plan: until.findLast(({ plan }) => plan !== undefined)?.plan ?? 'a',
      paused: until.findLast(({ paused }) => paused !== undefined)?.paused ?? false,
    };
  }

  /** The day on which something changes belongs to what comes after; the day of the end to nothing. */
  fixed(start: number, end: number): number {
    let total = 0;
    for (let day = Math.floor(start / DAY); day < Math.floor(end / DAY); day += 1) {
      const { plan, paused } = this.at((day + 1) * DAY - 1);
      if (!paused) total += PLANS[plan].perDay;
    }
    return total;
  }

  usage(): number {
    const prices = this.events.map(({ at, quantity }) => {
      const { plan, paused } = this.at(at);
      return paused ? 0 : quantity * PLANS[plan].perCall;
    });
    return prices.reduce((total, price) => total + price, 0);
  }
}

type Step =
  | { do: 'travel'; hours: number }
  | { do: 'change'; plan: PlanKey; timing: 'IMMEDIATE' | 'PERIOD_END' }
  | { do: 'pause or resume' | 'cancel and undo' }
  | { do: 'use'; when: number; quantity: number }
  | { do: 'delete' | 'finalize' | 'reissue' | 'pay'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('travel' as const), hours: fc.constantFrom(0, 0.5, 1, 5, 24, 31, 72, 168, 216) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      plan: fc.constantFrom(...PLAN_KEYS),
      timing: fc.constantFrom('IMMEDIATE' as const, 'PERIOD_END' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause or resume' as const, 'cancel and undo' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('use' as const),
      when: fc.double({ min: 0, max: 1, noNaN: true }),
      quantity: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('delete' as const, 'finalize' as const, 'reissue' as const, 'pay' as const),
      which: fc.nat(50),
    }),
  },
);

/** A story and its diary, kept in step. */
class Life {
  readonly diary = new Diary();
  private now = START;

  private constructor(
    private readonly world: BillingWorld,
    private readonly story: Story,
  ) {}

  static async begin(world: BillingWorld, plan: PlanKey, input: Record<string, unknown>): Promise<Life> {
    const life = new Life(world, await Story.subscribed(world, iso(START), plan, input));
    life.diary.decide(START, { plan, paused: false });
    return life;
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'travel':
        return this.travel(step.hours * HOUR);
      case 'change':
        return this.change(step.plan, step.timing);
      case 'pause or resume':
        return this.pauseOrResume();
      case 'cancel and undo':
        return this.cancelAndUndo();
      case 'use': {
        const at = START + Math.floor(step.when * (this.now - START));
        await this.story.use('calls', iso(at), String(step.quantity));
        return this.diary.use(at, step.quantity);
      }
      case 'delete':
      case 'finalize':
      case 'reissue':
      case 'pay':
        return this.handle(step.do, step.which);
    }
  }

  /** Three more weeks, so that the latest usage has an invoice to be on, and the end. */
  async end(): Promise<{ fixed: [string, string]; usage: [string, string]; drafts: number }> {
    if (this.diary.at(this.now).paused) await this.pauseOrResume();
    await this.travel(22 * DAY);
    await this.story.cancel();
    this.diary.schedule(null);
    const end = this.now;
    await this.travel(DAY);
    const invoices = (await this.story.invoices()).filter(({ status }) => status !== 'VOID');
    const billed = (type: string): string => {
      const lines = invoices.flatMap((invoice) => invoice.lines).filter(({ charge }) => charge?.type === type);
      return decimalText(sum(lines.map(({ amount }) => decimal(amount))));
    };
    return {
      fixed: [billed('FIXED'), String(this.diary.fixed(START, end))],
      usage: [billed('USAGE'), String(this.diary.usage())],
      drafts: invoices.filter(({ status }) => status === 'DRAFT').length,
    };
  }

  private async travel(milliseconds: number): Promise<void> {
    this.now += milliseconds;
    await this.story.travel(iso(this.now));
    this.diary.reach(this.now);
  }

  private async change(plan: PlanKey, timing: 'IMMEDIATE' | 'PERIOD_END'): Promise<void> {
    const present = this.diary.at(this.now);
    if (plan === present.plan && !this.diary.hasScheduled()) return;
    const { currentPeriodEnd } = await this.world.subscription<{ currentPeriodEnd: string }>(
      this.story.subscriptionId,
      'currentPeriodEnd',
    );
    await this.story.changePlan(plan, timing);
    this.diary.schedule(null);
    if (plan === present.plan) return;
    if (timing === 'IMMEDIATE' || present.paused) this.diary.decide(this.now, { plan });
    else this.diary.schedule({ at: Date.parse(currentPeriodEnd), plan });
  }

  private async pauseOrResume(): Promise<void> {
    const { paused } = this.diary.at(this.now);
    await (paused ? this.story.resume() : this.story.pause());
    this.diary.decide(this.now, { paused: !paused });
  }

  private async cancelAndUndo(): Promise<void> {
    if (this.diary.at(this.now).paused) return;
    await this.story.cancel('PERIOD_END');
    await this.story.undoCancellation();
    this.diary.schedule(null);
  }

  private async handle(how: 'delete' | 'finalize' | 'reissue' | 'pay', which: number): Promise<void> {
    const wanted = how === 'delete' || how === 'finalize' ? ['DRAFT'] : how === 'pay' ? ['OPEN'] : ['DRAFT', 'OPEN'];
    const invoices = (await this.story.invoices()).filter(({ status }) => wanted.includes(status));
    if (invoices.length === 0) return;
    const { id } = invoices[which % invoices.length];
    if (how === 'delete') await this.world.deleteDraft(id);
    if (how === 'finalize') await this.world.finalize(id);
    if (how === 'reissue') await this.world.void(id, { reissue: true });
    if (how === 'pay') await this.world.pay(id, '1');
  }
}

describe('invoices that are handled by hand', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    for (const [lookupKey, { perDay, perCall, intervalCount, timing }] of Object.entries(PLANS)) {
      const charges = [flat(String(perDay * 7 * intervalCount), timing), perUnit(calls, String(perCall))];
      await world.plan({ lookupKey, type: 'HYBRID', billingInterval: 'WEEK', intervalCount, charges });
    }
    // No usage is too late to be billed.
    await app.database.sql('UPDATE organizations SET late_usage_periods = 1000');
  });
  afterAll(() => app.close());

  it('come to what was used, day by day and call by call, whatever is deleted, issued again, changed and paused on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PLAN_KEYS),
        fc.boolean(),
        fc.array(step, { minLength: 8, maxLength: 24 }),
        async (plan, isCalendar, steps) => {
          const life = await Life.begin(world, plan, isCalendar ? { alignment: 'CALENDAR' } : {});
          for (const each of steps) await life.take(each);
          const { fixed, usage, drafts } = await life.end();
          if (fixed[0] !== fixed[1]) throw new Error(`fixed amounts: ${fixed[0]} billed, ${fixed[1]} used`);
          if (usage[0] !== usage[1]) throw new Error(`usage: ${usage[0]} billed, ${usage[1]} used`);
          if (drafts > 0) throw new Error(`${drafts} drafts are left`);
        },
      ),
      randomRuns(15),
    );
  }, 300_000);
});
