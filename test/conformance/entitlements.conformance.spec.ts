import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal } from '../../src/shared/decimal.js';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Recurrence {
  unit: string;
  count: number;
  anchor: string;
}

type Step = { at: string } & (
  | {
      action: 'grant';
      grant: string;
      amount: string;
      priority?: number;
      expires_at?: string;
      recurs?: Recurrence;
      rollover?: { min: string; max: string };
    }
  | { action: 'usage'; value: string }
  | { action: 'limit'; value: string; reset?: string }
  | { action: 'reset' }
  | { action: 'start_measuring' }
  | ({ action: 'expect' } & Expected)
);

interface Expected {
  balance?: string;
  grants?: Record<string, string>;
  usage?: string;
  usage_since_reset?: string;
  overage?: string;
  billable?: string;
  access?: boolean;
  exhausted?: boolean;
}

/** Facts from other systems' public tests; every case names its source (cases/entitlements.json). */
interface EntitlementCase {
  id: string;
  title: string;
  aggregation?: string;
  usage_period?: Recurrence;
  timeline: Step[];
}

const file = JSON.parse(readFileSync(new URL('./cases/entitlements.json', import.meta.url), 'utf8')) as {
  count: number;
  cases: EntitlementCase[];
};

const actionsOf = <A extends Step['action']>(c: EntitlementCase, action: A): Extract<Step, { action: A }>[] =>
  c.timeline.filter((step): step is Extract<Step, { action: A }> => step.action === action);

describe('entitlements of other billing systems', () => {
  let app: TestApp;
  let world: EntitlementWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new EntitlementWorld(app.api);
  });
  afterAll(() => app.close());

  it('are all here', () => {
    expect(file.cases).toHaveLength(file.count);
  });

  it.each(file.cases.map((c) => [c.id, c.title, c] as const))('%s: %s', async (_id, _title, c) => {
    const start = [...c.timeline.map(({ at }) => at)].sort()[0];
    const clock = await world.clock(start);
    const customerId = await world.customer(c.id, { testClockId: clock });
    const featureId = await world.meterFeature(c.id, { aggregation: c.aggregation ?? 'SUM' });
    await subscribe(c, start, featureId);
    const grantIds = new Map<string, string>();
    let now = start;
    for (const step of c.timeline) {
      if (step.at > now) await world.travel(clock, (now = step.at));
      if (step.action === 'grant') grantIds.set(step.grant, await grant(step, { customerId, featureId }));
      else if (step.action === 'usage') await use(c, step);
      else if (step.action === 'expect') {
        const found = step.at < now ? await past(step.at, customerId, featureId) : await present(c.id);
        expectFound(step, found, grantIds);
      }
    }
  });

  /** What resets without giving anything is a plan with a limit of 0. A reset by hand is a boundary of the plan's windows there. */
  async function subscribe(c: EntitlementCase, start: string, featureId: string): Promise<void> {
    const [limit] = actionsOf(c, 'limit');
    const [reset] = actionsOf(c, 'reset');
    const [measuring] = actionsOf(c, 'start_measuring');
    if (!limit && !reset && !measuring && !c.usage_period) return;
    const resetPeriod = (limit?.reset ?? c.usage_period?.unit ?? (reset ? 'year' : 'never')).toUpperCase();
    await world.planWith(c.id, [{ featureId, limit: limit?.value ?? '0', resetPeriod }]);
    const startAt = limit?.at ?? measuring?.at ?? start;
    await world.subscribe(c.id, c.id, { startAt, billingAnchor: reset?.at ?? c.usage_period?.anchor });
  }

  function grant(step: Extract<Step, { action: 'grant' }>, subject: object): Promise<string> {
    const { recurs, rollover } = step;
    if (recurs) expect(recurs.count).toBe(1);
    return world.grant({
      ...subject,
      amount: step.amount,
      priority: step.priority,
      effectiveAt: step.at,
      expiresAt: step.expires_at,
      recurrence: recurs?.unit.toUpperCase(),
      recurrenceAnchor: recurs?.anchor,
      rolloverMinimum: rollover?.min,
      rolloverMaximum: rollover?.max,
    });
  }

  function use(c: EntitlementCase, { at, value }: Extract<Step, { action: 'usage' }>): Promise<void> {
    if (c.aggregation === 'UNIQUE_COUNT') return world.use(c.id, c.id, at, null, { properties: { user_id: value } });
    return world.use(c.id, c.id, at, value);
  }

  interface Found {
    used: Decimal;
    overage: Decimal;
    balance: string;
    allowed: boolean | null;
    grants: Record<string, string>;
  }

  async function present(customer: string): Promise<Found> {
    const { allowed, entitlement } = await world.check(customer, customer);
    const { used, limit, remaining } = entitlement!;
    const grants = await world.balances(customer);
    const overage = Decimal.max(0, new Decimal(used!).minus(limit!));
    return { used: new Decimal(used!), overage, balance: remaining!, allowed, grants };
  }

  async function past(at: string, customerId: string, featureId: string): Promise<Found> {
    const { used, overage, balance, grants } = (await world.history(customerId, featureId, at, at)).at(-1)!;
    const balances = Object.fromEntries(grants.map(({ grantId, balanceAfter }) => [grantId, balanceAfter]));
    return { used: new Decimal(used), overage: new Decimal(overage), balance, allowed: null, grants: balances };
  }

  function expectFound(expected: Expected, found: Found, grantIds: Map<string, string>): void {
    const { balance, grants, usage, usage_since_reset, overage, billable, access, exhausted } = expected;
    if (balance !== undefined) expect(found.balance).toBe(balance);
    for (const [name, left] of Object.entries(grants ?? {})) expect(found.grants[grantIds.get(name)!]).toBe(left);
    for (const value of [usage, usage_since_reset]) if (value !== undefined) expect(found.used.toFixed()).toBe(value);
    for (const value of [overage, billable]) if (value !== undefined) expect(found.overage.toFixed()).toBe(value);
    if (access !== undefined) expect(found.allowed).toBe(access);
    if (exhausted !== undefined) expect(found.balance === '0').toBe(exhausted);
  }
});
