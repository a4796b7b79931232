import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/data-source.js';
import { loadUsageByCustomer } from '../../src/modules/metering/index.js';
import { contest, type Measurement } from './contest.js';
import { load, percentile, requestOf, type Answer } from './http-load.js';
import { figure, type Figure, type Lab } from './figures.js';
import {
  API_KEY,
  createWorld,
  CUSTOMERS,
  METERS,
  MONTH_END,
  MONTH_START,
  preload,
  startOurs,
  type World,
} from './metering-world.js';
import { cpuSeconds, type Server } from './processes.js';

const USAGE = `query ($meterId: ID!, $customerId: ID!, $from: DateTime!, $to: DateTime!) {
  usage(meterId: $meterId, customerId: $customerId, from: $from, to: $to) { value eventCount } }`;

const isUsage = ({ body }: Answer): boolean => body.includes('"eventCount":') && !body.includes('"eventCount":0');

/** Usage of one customer, meter and month, with few and with many events. */
async function month(lab: Lab): Promise<Figure[]> {
  const [few, many] = [10_000, lab.stored];
  const ratios: Figure[] = [];
  for (const [what, customers, meters] of [
    ['of one pair', 1, 1],
    ['in the table', undefined, undefined],
  ] as const) {
    const worlds = [await createWorld(lab.postgres), await createWorld(lab.postgres)];
    await preload(worlds[0], few, customers, meters);
    await preload(worlds[1], many, customers, meters);
    const servers = [await startOurs(worlds[0].url), await startOurs(worlds[1].url)];
    const pairs = await Promise.all(worlds.map(busyPair));
    const run = (index: number) => () => ask(lab, servers[index], pairs[index]);
    for (const index of [0, 1]) await run(index)();
    const outcome = await contest(lab.repeats, { few: run(0), many: run(1) });
    for (const server of servers) await server.stop();
    for (const { db } of worlds) await db.end();
    ratios.push(
      figure(`usage of a month, ${few} events ${what}`, outcome.few.median, 'ms'),
      figure(`usage of a month, ${many} events ${what}`, outcome.many.median, 'ms'),
      figure(`usage of a month, many / few events ${what}`, outcome.many.median / outcome.few.median, 'ratio', ['≤', 1.3]),
    );
  }
  return ratios;
}

const busyPair = async ({ db }: World): Promise<{ meterId: string; customerId: string }> =>
  (
    await db.query<{ meterId: string; customerId: string }>(
      `SELECT meter_id AS "meterId", customer_id AS "customerId" FROM usage_counters GROUP BY 1, 2 ORDER BY sum(event_count) DESC LIMIT 1`,
    )
  ).rows[0];

/** The median of many questions over one connection, in milliseconds. */
async function ask(lab: Lab, server: Server, pair: object): Promise<Measurement> {
  const body = JSON.stringify({ query: USAGE, variables: { ...pair, from: MONTH_START, to: MONTH_END } });
  const before = cpuSeconds(lab.postgresPid, true);
  const questions = 300;
  const { latencies } = await load(
    server.port,
    1,
    Array.from({ length: questions }, () => requestOf('/graphql', API_KEY, body)),
    isUsage,
  );
  return {
    value: percentile(latencies, 0.5),
    cpu: { postgres: ((cpuSeconds(lab.postgresPid, true) - before) * 1e6) / questions },
  };
}

/** A month of every customer and meter, from counters and by one pass over the raw events. */
async function pairs(lab: Lab): Promise<Figure[]> {
  const world = await createWorld(lab.postgres);
  const { stored } = lab;
  // As many events a pair and day in a small table as 10,000 customers have in one of ten million.
  await preload(world, stored, Math.ceil(CUSTOMERS * Math.min(1, stored / 10_000_000)));
  const source = await new DataSource(dataSourceOptions(world.url, 2)).initialize();
  const runner = source.createQueryRunner();
  runner.data.organizationId = world.organizationId;
  const timed = async (work: () => Promise<number>): Promise<Measurement> => {
    const [began, before] = [performance.now(), cpuSeconds(lab.postgresPid, true)];
    const found = await work();
    const postgres = cpuSeconds(lab.postgresPid, true) - before;
    return { value: (performance.now() - began) / 1_000, cpu: { postgres }, more: { found } };
  };
  const span = { from: MONTH_START.toISOString(), to: MONTH_END.toISOString() };
  const counters = () =>
    timed(async () => {
      let found = 0;
      for (const { id } of world.meters)
        found += (
          await loadUsageByCustomer(runner.manager, {
            meter: { id, aggregation: 'SUM', carriesOver: false },
            span,
            limit: 1_000_000,
          })
        ).length;
      return found;
    });
  const raw = () =>
    timed(
      async () =>
        (
          await world.db.query(
            `SELECT customer_id, meter_id, count(*), sum(value) FROM usage_events WHERE organization_id = $1 AND occurred_at >= $2 AND occurred_at < $3
               AND counted GROUP BY 1, 2`,
            [world.organizationId, MONTH_START, MONTH_END],
          )
        ).rows.length,
    );
  const outcome = await contest(lab.repeats, { counters, raw });
  await runner.release();
  await source.destroy();
  await world.db.end();
  if (outcome.counters.more.found !== outcome.raw.more.found) throw new Error('Counters and raw events name different pairs.');
  return [
    figure(`${outcome.raw.more.found} pairs (${METERS} meters) from counters`, outcome.counters.median, 's'),
    figure(`${outcome.raw.more.found} pairs from ${stored} raw events, one pass`, outcome.raw.median, 's'),
    figure('all pairs: counters / raw events', outcome.counters.median / outcome.raw.median, 'ratio', ['≤', 0.1]),
    figure(
      'all pairs: counters / raw events, CPU of database',
      outcome.counters.cpu.postgres / outcome.raw.cpu.postgres,
      'ratio',
    ),
  ];
}

export const readingParts: Record<string, (lab: Lab) => Promise<Figure[]>> = { month, pairs };
