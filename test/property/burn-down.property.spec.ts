import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  burnsOf,
  inquire,
  meterEntitlement,
  type GrantTerms,
  type Holding,
} from '../../src/modules/entitlements/domain/index.js';
import { decimal } from '../../src/shared/decimal.js';

const HOUR_MS = 3_600_000;
const HOURS = { DAY: 24, WEEK: 168 } as const;
const START = Date.UTC(2026, 0, 1);
const at = (hour: number): Date => new Date(START + hour * HOUR_MS);

interface GrantCase {
  amount: number;
  priority: number;
  from: number;
  lasts: number | null;
  recurs: 'DAY' | 'WEEK' | null;
  minimum: number | null;
  maximum: number | null;
}

interface Case {
  limit: number;
  resets: 'DAY' | 'WEEK';
  grants: GrantCase[];
  events: { hour: number; quantity: number }[];
  until: number;
}

const grantCase: fc.Arbitrary<GrantCase> = fc.record({
  amount: fc.integer({ min: 20, max: 40 }),
  priority: fc.integer({ min: 0, max: 2 }),
  from: fc.integer({ min: 0, max: 200 }),
  lasts: fc.option(fc.integer({ min: 1, max: 200 })),
  recurs: fc.option(fc.constantFrom('DAY', 'WEEK')),
  minimum: fc.option(fc.integer({ min: 0, max: 5 })),
  maximum: fc.option(fc.integer({ min: 5, max: 30 })),
});
const story: fc.Arbitrary<Case> = fc.record({
  limit: fc.integer({ min: 0, max: 30 }),
  resets: fc.constantFrom('DAY', 'WEEK'),
  grants: fc.array(grantCase, { minLength: 1, maxLength: 4 }),
  events: fc.array(fc.record({ hour: fc.integer({ min: 0, max: 250 }), quantity: fc.integer({ min: 1, max: 30 }) }), {
    minLength: 15,
    maxLength: 40,
  }),
  until: fc.integer({ min: 50, max: 300 }),
});

/** The rules hour by hour and event by event, in whole numbers: no stretches, no readings. */
function byHand({ limit, resets, grants, events, until }: Case): { balances: (number | null)[]; left: number; used: number } {
  const balances: (number | null)[] = grants.map(() => null);
  const endOf = ({ from, lasts }: GrantCase): number => (lasts === null ? Infinity : from + lasts);
  const order = grants
    .map((grant, index) => ({ grant, index }))
    .sort((a, b) => a.grant.priority - b.grant.priority || Math.sign(endOf(a.grant) - endOf(b.grant) || 0) || a.index - b.index);
  let [room, owed, used] = [limit, 0, 0];
  const burn = (quantity: number): number => {
    let rest = quantity;
    for (const { index } of order) {
      const burned = Math.min(rest, balances[index] ?? 0);
      if (balances[index] !== null) balances[index] -= burned;
      rest -= burned;
    }
    return rest;
  };
  for (let hour = 0; hour <= until; hour += 1) {
    const isReset = hour > 0 && hour % HOURS[resets] === 0;
    if (isReset) [room, owed, used] = [limit, 0, 0];
    grants.forEach((grant, index) => {
      if (isReset && balances[index] !== null)
        balances[index] = Math.min(grant.maximum ?? Infinity, Math.max(grant.minimum ?? 0, balances[index]));
      if (hour >= endOf(grant)) balances[index] = null;
      else if (hour === grant.from) balances[index] = grant.amount;
      else if (hour > grant.from && grant.recurs && (hour - grant.from) % HOURS[grant.recurs] === 0)
        balances[index] = Math.max(balances[index] ?? 0, grant.amount);
    });
    owed = burn(owed);
    if (hour === until) break;
    for (const { quantity } of events.filter((event) => event.hour === hour)) {
      const byPlan = Math.min(room, quantity);
      room -= byPlan;
      used += quantity;
      owed += burn(quantity - byPlan);
    }
  }
  const sum = balances.reduce<number>((total, balance) => total + (balance ?? 0), 0);
  return { balances, left: Math.max(0, room + sum - owed), used };
}

/** The same by the product's pure code, from readings of its stretches. */
function byProduct({ limit, resets, grants, events, until }: Case): { balances: (number | null)[]; left: number; used: number } {
  const rule = {
    enabled: true,
    limit: decimal(String(limit)),
    resetPeriod: resets,
    resetAlignment: 'ANNIVERSARY' as const,
    softLimit: false,
    gracePercentage: null,
    value: null,
  };
  const segment = {
    kind: 'PLAN' as const,
    start: at(0),
    end: null,
    planId: 'plan',
    cadence: { anchor: at(0), timeZone: 'UTC', interval: 'MONTH' as const, intervalCount: 1 },
    startProration: 'DAY' as const,
    endProration: 'DAY' as const,
  };
  const holding: Holding = {
    subscriptions: [{ startedAt: at(0), trialEnd: null, timeZone: 'UTC', segments: [segment] }],
    rules: new Map([['plan', rule]]),
    overrides: [],
    timeZone: 'UTC',
  };
  const optional = (value: number | null) => (value === null ? null : decimal(String(value)));
  const terms = grants.map((grant, index): GrantTerms => ({
    id: String(index),
    amount: decimal(String(grant.amount)),
    priority: grant.priority,
    effectiveAt: at(grant.from),
    expiresAt: grant.lasts === null ? null : at(grant.from + grant.lasts),
    voidedAt: null,
    refills: grant.recurs && { anchor: at(grant.from), timeZone: 'UTC', interval: grant.recurs, intervalCount: 1 },
    rolloverMinimum: optional(grant.minimum),
    rolloverMaximum: optional(grant.maximum),
    createdAt: at(0),
  }));
  const inquiry = inquire(holding, terms, at(until), at(until));
  const values = inquiry.spans.map(({ start, end }) => {
    const within = events.filter(({ hour }) => at(hour) >= start && at(hour) < end);
    return decimal(String(within.reduce((total, { quantity }) => total + quantity, 0)));
  });
  const { used, remaining } = meterEntitlement(inquiry, values);
  const last = inquiry.stretches.length > 0 ? burnsOf(inquiry, values).at(-1) : undefined;
  const balances = grants.map((_, index) => {
    const state = last?.after.find(({ grant }) => grant.id === String(index));
    return state ? state.balance.toNumber() : null;
  });
  return { balances, left: (remaining ?? decimal('-1')).toNumber(), used: used.toNumber() };
}

describe('burning down', () => {
  it('comes to what the rules come to event by event', () => {
    fc.assert(
      fc.property(story, (c) => {
        expect(byProduct(c)).toEqual(byHand(c));
      }),
      { numRuns: 1_000 },
    );
  });
});
