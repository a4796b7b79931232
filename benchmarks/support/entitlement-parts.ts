import { contest, type Measurement } from './contest.js';
import { createEntitledWorld, FEATURES, someCustomer, someFeature, startBare, startOurs } from './entitlement-world.js';
import { figure, type Figure, type Lab } from './figures.js';
import { getOf, load, percentile, requestOf, type Answer } from './http-load.js';
import { API_KEY } from './metering-world.js';
import { cpuSeconds, type Server } from './processes.js';

const CONNECTIONS = 32;
const FEW = 10_000;

const isAllowed = ({ status, body }: Answer): boolean => status === 200 && body.startsWith('{"allowed":true');

/** Many requests over 32 connections: how many a second, at what cost. */
async function measured(
  lab: Lab,
  server: Server,
  requests: Buffer[],
  isRight: (answer: Answer) => boolean,
): Promise<Measurement> {
  const before = { server: cpuSeconds(server.pid), postgres: cpuSeconds(lab.postgresPid, true) };
  const { seconds, latencies } = await load(server.port, CONNECTIONS, requests, isRight);
  const each = (after: number, start: number): number => ((after - start) * 1e6) / requests.length;
  return {
    value: requests.length / seconds,
    cpu: {
      server: each(cpuSeconds(server.pid), before.server),
      postgres: each(cpuSeconds(lab.postgresPid, true), before.postgres),
    },
    more: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
  };
}

const checks = (count: number): Buffer[] =>
  Array.from({ length: count }, () =>
    getOf(`/api/v1/entitlements/check?customer_external_id=${someCustomer()}&feature=${someFeature()}`, API_KEY),
  );

/** One check, against an answer from memory and one from a row. */
async function check(lab: Lab): Promise<Figure[]> {
  const world = await createEntitledWorld(lab.postgres, FEW);
  const servers = {
    memory: await startBare(world.url, 'memory'),
    row: await startBare(world.url, 'row'),
    ours: await startOurs(world.url),
  };
  const count = Math.ceil(20_000 * lab.scale);
  const run = (name: keyof typeof servers) => () => measured(lab, servers[name], checks(count), isAllowed);
  for (const name of ['memory', 'row', 'ours', 'ours'] as const) await run(name)();
  const outcome = await contest(lab.repeats, { memory: run('memory'), row: run('row'), ours: run('ours') });
  for (const server of Object.values(servers)) await server.stop();
  await world.db.end();
  return [
    figure('checks from memory, bare', outcome.memory.median, '/s'),
    figure('checks from a row by primary key, bare', outcome.row.median, '/s'),
    figure('checks, ours', outcome.ours.median, '/s'),
    figure('checks: CPU of the server, bare by row', outcome.row.cpu.server, 'µs each'),
    figure('checks: CPU of the server, ours', outcome.ours.cpu.server, 'µs each'),
    figure('checks: CPU of Postgres, bare by row', outcome.row.cpu.postgres, 'µs each'),
    figure('checks: CPU of Postgres, ours', outcome.ours.cpu.postgres, 'µs each'),
    figure('checks: p99, ours', outcome.ours.more.p99, 'ms', ['≤', 10]),
    figure('checks: ours / bare by row', outcome.ours.median / outcome.row.median, 'ratio', ['≥', 0.9]),
  ];
}

/** The same check with few and with many events stored. */
async function events(lab: Lab): Promise<Figure[]> {
  const many = Math.ceil(10_000_000 * lab.scale);
  const worlds = [await createEntitledWorld(lab.postgres, FEW), await createEntitledWorld(lab.postgres, many)];
  const servers = [await startOurs(worlds[0].url), await startOurs(worlds[1].url)];
  const count = Math.ceil(20_000 * lab.scale);
  const run = (index: number) => () => measured(lab, servers[index], checks(count), isAllowed);
  for (const index of [0, 1, 0, 1]) await run(index)();
  const outcome = await contest(lab.repeats, { few: run(0), many: run(1) });
  for (const server of servers) await server.stop();
  for (const { db } of worlds) await db.end();
  return [
    figure(`checks with ${FEW} events stored`, outcome.few.median, '/s'),
    figure(`checks with ${many} events stored`, outcome.many.median, '/s'),
    figure('checks: time with many / few events', outcome.few.median / outcome.many.median, 'ratio', ['≤', 1.2]),
  ];
}

/** Consuming, against a conditional UPDATE; of many customers, and of one that all want something of. */
async function consume(lab: Lab): Promise<Figure[]> {
  const world = await createEntitledWorld(lab.postgres, FEW);
  const servers = { update: await startBare(world.url, 'update'), ours: await startOurs(world.url) };
  const count = Math.ceil(10_000 * lab.scale);
  const requests = (customerOf: () => string): Buffer[] =>
    Array.from({ length: count }, () =>
      requestOf(
        '/api/v1/entitlements/consume',
        API_KEY,
        JSON.stringify({ customer_external_id: customerOf(), feature: 'feature-1', quantity: 1 }),
      ),
    );
  const figures: Figure[] = [];
  for (const [what, customerOf] of [
    ['of many customers', someCustomer],
    ['of one customer', () => 'customer-1'],
  ] as const) {
    const run = (name: keyof typeof servers) => () => measured(lab, servers[name], requests(customerOf), isAllowed);
    for (const name of ['update', 'ours'] as const) await run(name)();
    const outcome = await contest(lab.repeats, { update: run('update'), ours: run('ours') });
    figures.push(
      figure(`conditional UPDATEs ${what}, bare`, outcome.update.median, '/s'),
      figure(`consumption ${what}, ours`, outcome.ours.median, '/s'),
      figure(`consumption ${what}: p99, ours`, outcome.ours.more.p99, 'ms'),
      figure(`consumption ${what}: ours / bare`, outcome.ours.median / outcome.update.median, 'ratio', ['≥', 0.5]),
    );
  }
  for (const server of Object.values(servers)) await server.stop();
  await world.db.end();
  return figures;
}

/** 100 customers with 100 features each, in one request. */
async function batch(lab: Lab): Promise<Figure[]> {
  const world = await createEntitledWorld(lab.postgres, Math.ceil(1_000_000 * lab.scale));
  const server = await startOurs(world.url);
  const body = JSON.stringify({
    customer_external_ids: Array.from({ length: 100 }, (_, index) => `customer-${index + 1}`),
    features: Array.from({ length: FEATURES }, (_, index) => `feature-${index + 1}`),
  });
  const request = requestOf('/api/v1/entitlements/check/batch', API_KEY, body);
  const isRight = ({ status, body: text }: Answer): boolean =>
    status === 200 && text.length > 1_000_000 && !text.includes('false,"reason');
  await load(server.port, 1, [request, request, request], isRight);
  const { latencies } = await load(
    server.port,
    1,
    Array.from({ length: 5 * lab.repeats }, () => request),
    isRight,
  );
  await server.stop();
  await world.db.end();
  return [figure('10,000 checks in one batch', percentile(latencies, 0.5), 'ms', ['≤', 100])];
}

export const ENTITLEMENT_PARTS: Record<string, (lab: Lab) => Promise<Figure[]>> = { check, events, consume, batch };
