import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Verification {
  matches: boolean;
  totalsMatch: boolean;
  lines: {
    line: { description: string; amount: string; eventsHash: string | null };
    matches: boolean;
    recomputedAmount: string | null;
    eventsMatch: boolean | null;
    presentValue: string | null;
    receivedSince: number | null;
    voidedSince: number | null;
  }[];
}

describe('an invoice that verifies itself', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const seats = await world.meter({ name: 'seats', aggregation: 'UNIQUE_COUNT', valueProperty: 'seat' });
    const tiers = [
      { upTo: '100', unitAmount: '0.1' },
      { upTo: null, unitAmount: '0.05' },
    ];
    const graduated = { ...perUnit(calls, '0'), model: 'GRADUATED', unitAmount: undefined, tiers };
    const perSeat = perUnit(seats, '5', { displayName: 'Seats', minimumAmount: '10' });
    await world.plan({ lookupKey: 'team', type: 'HYBRID', charges: [flat('31', IN_ADVANCE), flat('10'), graduated, perSeat] });
    await world.plan({ lookupKey: 'solo', type: 'HYBRID', charges: [flat('15.5', IN_ADVANCE), perUnit(calls, '0.2')] });
  });
  afterAll(() => app.close({ withBooksInDisorder: true }));

  const verify = async (id: string): Promise<Verification> => {
    const { verifyInvoice } = await app.api.query<{ verifyInvoice: Verification }>(
      `query ($id: ID!) { verifyInvoice(id: $id) { matches totalsMatch lines {
         line { description amount eventsHash } matches recomputedAmount eventsMatch presentValue receivedSince voidedSince } } }`,
      { id },
    );
    return verifyInvoice;
  };
  const eventsOf = async (meterName: string, customer: string): Promise<{ id: string; quantity: string }[]> => {
    const { meter, customer: found } = await app.api.query<{ meter: { id: string }; customer: { id: string } }>(
      `query ($name: String!, $customer: String!) { meter(name: $name) { id } customer(externalId: $customer) { id } }`,
      { name: meterName, customer },
    );
    const { usageEvents } = await app.api.query<{ usageEvents: { nodes: { id: string; quantity: string }[] } }>(
      `query ($meterId: ID!, $customerId: ID!) { usageEvents(meterId: $meterId, customerId: $customerId) { nodes { id quantity } } }`,
      { meterId: meter.id, customerId: found.id },
    );
    return usageEvents.nodes;
  };
  const voidEvent = (id: string) =>
    app.api.query<{ voidUsageEvent: { id: string; voidedAt: string | null } }>(
      `mutation ($id: ID!) { voidUsageEvent(id: $id, reason: "counted by mistake") { id voidedAt } }`,
      { id },
    );

  it('comes out the same whatever kind its lines are: in advance, cut, credited, in arrears, tiers, a minimum', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'team');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.use('calls', '2026-01-05T00:00:00Z', '130');
    await ada.changePlan('solo');
    await ada.travel('2026-02-02T00:00:00Z');
    await ada.cancel();
    const invoices = await ada.invoices();
    // 10 and 21 days of January's 31: 31 × 21/31 = 21 unused; 10 × 10/31 = 3.23; 100 × 0.1 + 30 × 0.05 = 11.5; the minimum
    // of 10 × 10/31 = 3.23; 15.5 × 21/31 = 10.5: 7.46 in all. In February 1 of 28 days: 15.5 × 27/28 = 14.95 unused.
    expect(await ada.ledger()).toEqual([
      'OPEN 31: Base 2026-01-01/2026-02-01 31',
      'OPEN 7.46: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-01/2026-01-11 3.23 + Calls 130 2026-01-01/2026-01-11 11.5 + Seats 0 2026-01-01/2026-01-11 3.23 + Base 2026-01-11/2026-02-01 10.5',
      'OPEN 15.5: Calls 0 2026-01-11/2026-02-01 0 + Base 2026-02-01/2026-03-01 15.5',
      'PAID 0: CREDIT Base 2026-02-02/2026-03-01 -14.95 + Calls 0 2026-02-01/2026-02-02 0 + BALANCE 14.95',
    ]);
    expect(invoices[1].lines[0].explanation.text).toBe('Credit of the unused 21/31 of 31 USD billed in advance: -21 USD.');
    for (const { id, lines } of invoices) {
      const verification = await verify(id);
      expect(verification).toMatchObject({ matches: true, totalsMatch: true });
      const recomputed = verification.lines.map(({ recomputedAmount }) => recomputedAmount);
      expect(recomputed).toEqual(lines.map(({ kind, amount }) => (kind === 'BALANCE' ? null : amount)));
    }
  });

  it('says what arrived and what was voided since, and stays as it is', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'solo');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.use('calls', '2026-01-05T00:00:00Z', '100');
    await ada.use('calls', '2026-01-06T00:00:00Z', '50');
    await ada.travel('2026-02-01T01:00:00Z');
    const issued = (await ada.invoices())[1];
    const before = await verify(issued.id);
    expect(before.lines[0]).toMatchObject({ line: { amount: '30' }, presentValue: '150', receivedSince: 0, voidedSince: 0 });

    const [newest] = await eventsOf('calls', ada.customer);
    const { voidUsageEvent } = await voidEvent(newest.id);
    expect(voidUsageEvent).toEqual({ id: newest.id, voidedAt: '2026-01-01T00:00:00.000000Z' });
    await voidEvent(newest.id);
    await ada.use('calls', '2026-01-07T00:00:00Z', '7');
    const after = await verify(issued.id);
    expect(after).toMatchObject({ matches: true, totalsMatch: true });
    expect(after.lines[0]).toMatchObject({ eventsMatch: true, presentValue: '107', receivedSince: 1, voidedSince: 1 });
    expect(after.lines[0].line.eventsHash).toBe(before.lines[0].line.eventsHash);

    // The next invoice takes 150 − 107 = 43 calls back: 43 × 0.2 = 8.6.
    await ada.travel('2026-03-01T01:00:00Z');
    const next = (await ada.ledger())[2];
    expect(next).toBe(
      'OPEN 6.9: CORRECTION Calls -43 2026-01-01/2026-02-01 -8.6 + Calls 0 2026-02-01/2026-03-01 0 + Base 2026-03-01/2026-04-01 15.5',
    );
    expect(await verify((await ada.invoices())[2].id)).toMatchObject({ matches: true, totalsMatch: true });
  });

  it('does not count what was received before the cut-off and committed after it; the next invoice does', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'solo');
    await ada.travel('2026-01-31T00:00:00Z');
    await ada.use('calls', '2026-01-05T00:00:00Z', '10');
    const blocker = new pg.Client({ connectionString: app.database.url });
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE usage_events IN SHARE MODE');
    const late = ada.use('calls', '2026-01-06T00:00:00Z', '5');
    await app.database.sql('SELECT pg_sleep(0.2)');
    await ada.travel('2026-02-01T01:00:00Z');
    await blocker.query('COMMIT');
    await blocker.end();
    await late;

    const issued = (await ada.invoices())[1];
    expect(issued.lines[0].quantity).toBe('10');
    const verification = await verify(issued.id);
    expect(verification.matches).toBe(true);
    expect(verification.lines[0]).toMatchObject({ eventsMatch: true, presentValue: '15', receivedSince: 1 });
    await ada.travel('2026-03-01T01:00:00Z');
    expect((await ada.ledger())[2]).toContain('CORRECTION Calls 5 2026-01-01/2026-02-01 1 ');
  });

  /** Behind the back of the triggers, which refuse it. */
  async function tamper(statement: string, values: unknown[]): Promise<void> {
    const client = new pg.Client({ connectionString: app.database.url });
    await client.connect();
    await client.query('SET session_replication_role = replica');
    await client.query(statement, values);
    await client.end();
  }

  it('fails when an event or an amount was changed behind its back', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'solo');
    await ada.travel('2026-01-31T00:00:00Z');
    await ada.use('calls', '2026-01-05T00:00:00Z', '10');
    await ada.travel('2026-02-01T01:00:00Z');
    const { id } = (await ada.invoices())[1];
    const [event] = await eventsOf('calls', ada.customer);
    await app.database.sql('UPDATE usage_events SET value = 11 WHERE id = $1', [event.id]);
    const tampered = await verify(id);
    expect(tampered.matches).toBe(false);
    expect(tampered.lines[0]).toMatchObject({ matches: false, eventsMatch: false, recomputedAmount: '2.2' });

    await app.database.sql('UPDATE usage_events SET value = 10 WHERE id = $1', [event.id]);
    expect(await verify(id)).toMatchObject({ matches: true });
    const [{ id: other }] = await ada.invoices();
    await tamper('UPDATE invoice_lines SET amount = amount + 1 WHERE invoice_id = $1', [other]);
    expect(await verify(other)).toMatchObject({ matches: false, totalsMatch: false });
  });
});
