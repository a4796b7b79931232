import { forEachOf, graphql, post, type Server } from './api.js';
import { METERS, PLANS, type MeterName } from './catalog.js';
import { readFlights, type Flight } from './flights.js';
import { listInvoices } from './invoices.js';

/**
 * Three months of an airport authority that bills 220 airports for the flights that leave them. Everything goes through the
 * public API of a running Fluxrate, as a backend would use it; the time is that of a test clock.
 */
export interface Story {
  /** The test clock that all airports are on. */
  clockId: string;
  airports: number;
  flights: number;
  /** Events sent, by the verdict they got. */
  events: Record<Verdict, number>;
  payments: number;
}

type Verdict = 'accepted' | 'duplicates' | 'conflicts' | 'rejected';

/** A day that is over, the how many-th of how many, and what has come of it all so far. */
export interface StoryDay {
  day: string;
  number: number;
  of: number;
  story: Story;
}

const FIRST_DAY = '2001-01-01';
/** March is drafted as it begins, and finalized an hour later. */
const LAST_DAY = '2001-04-01';
/** On this day of the month what was invoiced on the 1st is paid. */
const PAYDAY = '15';

export async function playFlights(server: Server, onDay: (day: StoryDay) => void = () => undefined): Promise<Story> {
  const flights = readFlights();
  const airports = [...new Set(flights.map((flight) => flight.origin))].sort();
  const clockId = await createClock(server);
  await createCatalog(server);
  await subscribeAirports(server, airports, clockId);

  const story: Story = {
    clockId,
    airports: airports.length,
    flights: flights.length,
    events: { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0 },
    payments: 0,
  };
  const days = daysFrom(FIRST_DAY, LAST_DAY);
  let yesterday: Flight[] = [];
  for (const [index, day] of days.entries()) {
    // Events may not lie in the customer's future, so each day is reported when it is over.
    await advance(server, clockId, `${day}T23:59:59Z`);
    const today = flights.filter((flight) => flight.day === day);
    await reportDay(server, today, yesterday, story);
    yesterday = today;
    if (day.endsWith(PAYDAY)) story.payments += await payOpenInvoices(server, airports);
    onDay({ day, number: index + 1, of: days.length, story });
  }
  return story;
}

async function createClock(server: Server): Promise<string> {
  const { createTestClock } = await graphql<{ createTestClock: { id: string } }>(
    server,
    'mutation ($now: DateTime!) { createTestClock(now: $now, name: "flights") { id } }',
    { now: `${FIRST_DAY}T00:00:00Z` },
  );
  return createTestClock.id;
}

async function advance(server: Server, id: string, to: string): Promise<void> {
  await graphql(server, 'mutation ($id: ID!, $to: DateTime!) { advanceTestClock(id: $id, to: $to) { now } }', { id, to });
}

async function createCatalog(server: Server): Promise<void> {
  const meterIds = new Map<MeterName, string>();
  for (const input of METERS) {
    const { createMeter } = await graphql<{ createMeter: { id: string } }>(
      server,
      'mutation ($input: CreateMeterInput!) { createMeter(input: $input) { id } }',
      { input },
    );
    meterIds.set(input.name, createMeter.id);
  }
  for (const { charges, ...plan } of PLANS) {
    const input = {
      ...plan,
      billingInterval: 'MONTH',
      currency: 'USD',
      charges: charges.map(({ meter, ...charge }) => (meter ? { ...charge, meterId: meterIds.get(meter) } : charge)),
    };
    await graphql(server, 'mutation ($input: CreatePlanInput!) { createPlan(input: $input) { id } }', { input });
  }
}

async function subscribeAirports(server: Server, airports: string[], testClockId: string): Promise<void> {
  await forEachOf(airports, async (externalId, index) => {
    await graphql(
      server,
      `
        mutation ($customer: CreateCustomerInput!, $subscription: CreateSubscriptionInput!) {
          createCustomer(input: $customer) {
            id
          }
          createSubscription(input: $subscription) {
            id
          }
        }
      `,
      {
        customer: { externalId, name: `Airport ${externalId}`, testClockId },
        subscription: { customerExternalId: externalId, planLookupKey: PLANS[index % PLANS.length].lookupKey },
      },
    );
  });
}

/**
 * One batch a day: the day's flights, every 20th of them twice in the batch, and every 20th (10 rows on) of the day before once
 * more, like a sender that had no answer and tries again. So a tenth of all events is sent twice.
 */
async function reportDay(server: Server, today: Flight[], yesterday: Flight[], story: Story): Promise<void> {
  const again = today.filter(({ row }) => row % 20 === 0);
  const late = yesterday.filter(({ row }) => row % 20 === 10);
  const events = [...today, ...again, ...late].flatMap(eventsOf);
  if (events.length === 0) return;
  const answer = await post<Record<Verdict, number>>(server, '/api/v1/usage/batch', { events });
  for (const verdict of Object.keys(story.events) as Verdict[]) story.events[verdict] += answer[verdict];
}

/** The key makes a repetition harmless. It is unique in the organization, hence names the meter besides the row. */
const eventsOf = ({ row, departedAt, origin, destination, miles }: Flight) =>
  METERS.map(({ name }) => ({
    meter_name: name,
    customer_external_id: origin,
    timestamp: departedAt,
    idempotency_key: `${name}-${row}`,
    properties: { destination, miles },
  }));

/** Pays what is open; every tenth airport never does, and its subscription becomes PAST_DUE. */
async function payOpenInvoices(server: Server, airports: string[]): Promise<number> {
  const debtors = new Set(airports.filter((_airport, index) => index % 10 === 9));
  const open = (await listInvoices(server, ['OPEN'])).filter(({ customer }) => !debtors.has(customer.externalId));
  await forEachOf(open, ({ id, amountDue }) =>
    graphql(server, 'mutation ($id: ID!, $input: RecordPaymentInput!) { recordPayment(invoiceId: $id, input: $input) { id } }', {
      id,
      input: { amount: amountDue, method: 'bank transfer' },
    }),
  );
  return open.length;
}

function daysFrom(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day = first; day <= last; day = dayAfter(day)) days.push(day);
  return days;
}

const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
