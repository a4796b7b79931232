import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decimal } from '../../src/shared/decimal.js';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { Usage } from './books.js';
import { EVERY_PERIOD, ORACLE_PLANS, play, stories, type Story } from './stories.js';
import type { Accepted } from './timeline.oracle.js';
import { randomRuns } from '../support/random-runs.js';

const RUNS = randomRuns(40);

/** The same stories, through the public API on Postgres and with the pure code in memory: line for line the same invoices. */
describe(`random time lines in the database (FC_SEED=${RUNS.seed})`, () => {
  let app: TestApp;
  let world: BillingWorld;
  const planIds = new Map<string, string>();
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    await app.database.sql('UPDATE organizations SET late_usage_periods = $1, backfill_days = 400', [EVERY_PERIOD]);
    const meterId = await world.meter({ name: 'meter', aggregation: 'SUM' });
    for (const plan of ORACLE_PLANS) {
      const { id, billingInterval, intervalCount } = plan;
      planIds.set(
        id,
        await world.plan({ lookupKey: id, type: 'HYBRID', billingInterval, intervalCount, charges: chargesOf(plan, meterId) }),
      );
    }
  });
  afterAll(() => app.close());

  it.each(fc.sample(stories, RUNS).map((story, index) => [index, story] as const))('story %i', async (index, story) => {
    const subscriptionId = await live(story, `customer-${index}`);
    const stored = await app.database.sql<{ line: string }>(
      `SELECT concat_ws(' ', p.lookup_key, c.display_name, l.kind, extract(epoch FROM l.period_start)::bigint, extract(epoch FROM l.period_end)::bigint,
                          trim_scale(l.quantity), trim_scale(l.amount), extract(epoch FROM i.billed_at)::bigint, (i.status <> 'DRAFT')) AS line
           FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id JOIN charges c ON c.id = l.charge_id JOIN plans p ON p.id = c.plan_id
          WHERE l.subscription_id = $1`,
      [subscriptionId],
    );
    const seconds = (at: Date | number): number => Number(at) / 1000;
    const booked = play(story).books.lines.map(({ chargeId, kind, span, quantity, amount, billedAt, invoice }) =>
      [
        chargeId,
        kind,
        seconds(span.start),
        seconds(span.end),
        quantity.toFixed(),
        amount.toFixed(),
        seconds(billedAt),
        invoice === 'DRAFT' ? 'f' : 't',
      ].join(' '),
    );
    expect(stored.map(({ line }) => line).sort()).toEqual(booked.sort());
  });

  /** Plays a story on a clock of its own; what the product refuses, it refuses. */
  async function live(story: Story, customer: string): Promise<string> {
    const { terms, wishes, usage, until } = story;
    const iso = (at: number): string => new Date(at).toISOString();
    const clock = await world.clock(iso(terms.startedAt.getTime()));
    await world.customer(customer, { testClockId: clock, timeZone: terms.timeZone });
    const { alignment, proration, billingAnchor, trialEnd } = terms;
    const subscription = await world.subscribe(customer, story.firstPlan, {
      alignment,
      proration,
      ...(billingAnchor ? { billingAnchor: billingAnchor.toISOString() } : {}),
      ...(trialEnd ? { trialEnd: trialEnd.toISOString() } : {}),
    });
    const steps: { at: number; act: () => Promise<unknown> }[] = [
      ...wishes.map((wish) => ({ at: wish.at, act: () => decide(subscription, wish) })),
      ...usage.flatMap((event, index) => eventSteps(event, `${customer}-${index}`, customer)),
    ];
    for (const { at, act } of steps.filter((step) => step.at <= until).sort((a, b) => a.at - b.at)) {
      await world.travel(clock, iso(at));
      await act();
    }
    await world.travel(clock, iso(until));
    return subscription;
  }

  function eventSteps({ at, receivedAt, voidedAt, thousandths }: Usage, idempotencyKey: string, customer: string) {
    const quantity = decimal(`${thousandths}e-3`).toFixed();
    const send = {
      at: receivedAt,
      act: () => world.use('meter', customer, new Date(at).toISOString(), quantity, { idempotencyKey }),
    };
    const take = async (): Promise<void> => {
      const [{ id }] = await app.database.sql<{ id: string }>('SELECT id FROM usage_events WHERE idempotency_key = $1', [
        idempotencyKey,
      ]);
      await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id });
    };
    return voidedAt === null ? [send] : [send, { at: voidedAt, act: take }];
  }

  function decide(id: string, { kind, timing, plan, proration }: Accepted): Promise<unknown> {
    const change = { planId: planIds.get(plan), timing, proration };
    switch (kind) {
      case 'PLAN':
        return app.api.send(
          `mutation ($id: ID!, $input: ChangePlanInput!) { changePlan(subscriptionId: $id, input: $input) { id } }`,
          {
            id,
            input: change,
          },
        );
      case 'PAUSE':
        return app.api.send(`mutation ($id: ID!) { pauseSubscription(id: $id) { id } }`, { id });
      case 'RESUME':
        return app.api.send(`mutation ($id: ID!) { resumeSubscription(id: $id) { id } }`, { id });
      case 'CANCEL':
        return app.api.send(
          `mutation ($id: ID!, $input: CancelSubscriptionInput!) { cancelSubscription(id: $id, input: $input) { id } }`,
          {
            id,
            input: { timing },
          },
        );
      case 'UNDO':
        return app.api.send(`mutation ($id: ID!) { undoCancellation(id: $id) { id } }`, { id });
    }
  }
});

const chargesOf = ({ arrears, advance, unit, included, minimum }: (typeof ORACLE_PLANS)[number], meterId: string) => {
  const amount = (thousandths: bigint): string => decimal(`${thousandths}e-3`).toFixed();
  const fixed = { type: 'FIXED', model: 'FLAT' };
  return [
    { displayName: 'arrears', ...fixed, amount: amount(arrears) },
    { displayName: 'advance', ...fixed, amount: amount(advance), billingTiming: 'IN_ADVANCE' },
    {
      displayName: 'usage',
      type: 'USAGE',
      model: 'PER_UNIT',
      meterId,
      unitAmount: amount(unit),
      includedUnits: String(included),
      ...(minimum === 0n ? {} : { minimumAmount: amount(minimum) }),
    },
  ];
};
