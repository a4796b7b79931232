import { contest, type Measurement, type Outcome } from './contest.js';
import { figure, type Figure, type Lab } from './figures.js';
import { load, percentile, requestOf, type Answer } from './http-load.js';
import { API_KEY, createWorld, CUSTOMERS, event, preload, startBaseline, startOurs, type World } from './metering-world.js';
import { readingParts } from './metering-reading-parts.js';
import { cpuSeconds, residentMiB, type Server } from './processes.js';

const accepted = ({ status, body }: Answer): boolean =>
  status < 300 && !body.includes('"REJECTED"') && !body.includes('"errors"');
const bodies = (world: World, requests: number, size: number): string[] =>
  Array.from({ length: requests }, () => JSON.stringify({ events: Array.from({ length: size }, () => event(world)) }));
const batchRequests = (texts: readonly string[]): Buffer[] =>
  texts.map((text) => requestOf('/api/v1/usage/batch', API_KEY, text));

/** Sends events and tells how many a second were taken, and the CPU time each cost on either side. */
async function ingest(lab: Lab, server: Server, connections: number, requests: Buffer[], events: number): Promise<Measurement> {
  const before = { server: cpuSeconds(server.pid), postgres: cpuSeconds(lab.postgresPid, true), client: process.cpuUsage() };
  const { seconds, latencies } = await load(server.port, connections, requests, accepted);
  const client = process.cpuUsage(before.client);
  const microseconds = (used: number): number => (used * 1e6) / events;
  return {
    value: events / seconds,
    cpu: {
      server: microseconds(cpuSeconds(server.pid) - before.server),
      postgres: microseconds(cpuSeconds(lab.postgresPid, true) - before.postgres),
      client: (client.user + client.system) / events,
    },
    more: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
  };
}

const rates = (name: string, { median, cpu, more }: Outcome): Figure[] => [
  figure(`${name}`, median, 'events/s'),
  ...Object.entries(cpu).map(([side, used]) => figure(`  CPU of ${side}`, used, 'µs/event')),
  figure('  p99 of a request', more.p99, 'ms'),
];

/** CPU time of server and database together, against another's: what is left when others use the machine too. */
const work = ({ cpu }: Outcome): number => cpu.server + cpu.postgres;
const workRatio = (name: string, ours: Outcome, other: Outcome): Figure =>
  figure(`${name}, CPU of server and database`, work(ours) / work(other), 'ratio');

async function withServers<T>(servers: Server[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Every customer once, so that what a server keeps in memory is there: the baselines have read it all at their start. */
async function meetCustomers(server: Server, world: World): Promise<void> {
  const events = Array.from({ length: CUSTOMERS }, (_, index) => ({
    ...event(world),
    customer_external_id: `customer-${index + 1}`,
  }));
  await load(server.port, 1, batchRequests([JSON.stringify({ events })]), accepted);
}

/** Batches over REST, against the same statement bare. */
async function batch(lab: Lab): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [size, connections] of [
    [100, 8],
    [1_000, 4],
  ] as const) {
    const events = Math.ceil((20_000 * lab.scale) / size) * size;
    const [own, other] = [await createWorld(lab.postgres), await createWorld(lab.postgres)];
    const ours = await startOurs(own.url);
    const bare = await startBaseline(other.url, 'batch');
    const run = (world: World, server: Server) => () =>
      ingest(lab, server, connections, batchRequests(bodies(world, events / size, size)), events);
    const outcome = await withServers([ours, bare], async () => {
      await meetCustomers(ours, own);
      for (const [world, server] of [
        [own, ours],
        [other, bare],
      ] as const)
        await run(world, server)();
      return contest(lab.repeats, { ours: run(own, ours), bare: run(other, bare) });
    });
    figures.push(
      ...rates(`batches of ${size}, ours`, outcome.ours),
      ...rates(`batches of ${size}, bare`, outcome.bare),
      figure(`batches of ${size}: ours / bare`, outcome.ours.median / outcome.bare.median, 'ratio', ['≥', 0.7]),
      workRatio(`batches of ${size}: ours / bare`, outcome.ours, outcome.bare),
    );
  }
  return figures;
}

/** Single events on 32 connections, against bare servers that gather and that do not. */
async function single(lab: Lab): Promise<Figure[]> {
  const events = Math.ceil(10_000 * lab.scale);
  const worlds = [await createWorld(lab.postgres), await createWorld(lab.postgres), await createWorld(lab.postgres)];
  const servers = [
    await startOurs(worlds[0].url),
    await startBaseline(worlds[1].url, 'gathered'),
    await startBaseline(worlds[2].url, 'single'),
  ];
  const run = (index: number) => () =>
    ingest(
      lab,
      servers[index],
      32,
      Array.from({ length: events }, () => requestOf('/api/v1/sdk/track', API_KEY, JSON.stringify(event(worlds[index])))),
      events,
    );
  const outcome = await withServers(servers, async () => {
    await meetCustomers(servers[0], worlds[0]);
    for (const index of [0, 1, 2, 0, 1, 2]) await run(index)();
    return contest(lab.repeats, { ours: run(0), gathered: run(1), single: run(2) });
  });
  return [
    ...rates('single events, ours', outcome.ours),
    ...rates('single events, bare and gathered', outcome.gathered),
    ...rates('single events, bare with a commit each', outcome.single),
    figure('single events: ours / bare and gathered', outcome.ours.median / outcome.gathered.median, 'ratio', ['≥', 0.7]),
    figure('single events: ours / bare with a commit each', outcome.ours.median / outcome.single.median, 'ratio', ['≥', 2]),
    workRatio('single events: ours / bare and gathered', outcome.ours, outcome.gathered),
    workRatio('single events: ours / bare with a commit each', outcome.ours, outcome.single),
    figure('single events: p99', outcome.ours.more.p99, 'ms', ['≤', 25]),
  ];
}

const RECORD = `mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) {
  accepted duplicates conflicts rejected results { index verdict eventId code message } } }`;

const graphqlRequest = (world: World, size: number): Buffer => {
  const events = Array.from({ length: size }, () => {
    const {
      meter_token: meterToken,
      customer_external_id: customerExternalId,
      idempotency_key: idempotencyKey,
      ...rest
    } = event(world);
    return { meterToken, customerExternalId, idempotencyKey, ...rest };
  });
  return requestOf('/graphql', API_KEY, JSON.stringify({ query: RECORD, variables: { events } }));
};

/** GraphQL against REST, by CPU time of the server. */
async function graphql(lab: Lab): Promise<Figure[]> {
  const events = Math.ceil(100 * lab.scale) * 100;
  const world = await createWorld(lab.postgres);
  const server = await startOurs(world.url);
  const rest = () => ingest(lab, server, 4, batchRequests(bodies(world, events / 100, 100)), events);
  const graph = () =>
    ingest(
      lab,
      server,
      4,
      Array.from({ length: events / 100 }, () => graphqlRequest(world, 100)),
      events,
    );
  const outcome = await withServers([server], async () => {
    await meetCustomers(server, world);
    await rest();
    await graph();
    return contest(lab.repeats, { rest, graph });
  });
  return [
    ...rates('REST, 100 events a request', outcome.rest),
    ...rates('GraphQL, 100 events a request', outcome.graph),
    figure('GraphQL / REST, CPU of server and database', work(outcome.graph) / work(outcome.rest), 'ratio', ['≤', 1.5]),
    figure('GraphQL / REST, CPU of the server alone', outcome.graph.cpu.server / outcome.rest.cpu.server, 'ratio'),
  ];
}

/** Into a table of many events with random keys, and an empty one. */
async function full(lab: Lab): Promise<Figure[]> {
  const { stored } = lab;
  const events = Math.ceil(40 * lab.scale) * 1_000;
  const [large, empty] = [await createWorld(lab.postgres), await createWorld(lab.postgres)];
  await preload(large, stored);
  const servers = [await startOurs(large.url), await startOurs(empty.url)];
  const run = (world: World, server: Server) => () =>
    ingest(lab, server, 4, batchRequests(bodies(world, events / 1_000, 1_000)), events);
  const outcome = await withServers(servers, async () => {
    for (const [world, server] of [
      [large, servers[0]],
      [empty, servers[1]],
    ] as const)
      await run(world, server)();
    return contest(lab.repeats, { large: run(large, servers[0]), empty: run(empty, servers[1]) });
  });
  return [
    ...rates(`into a table of ${stored} events`, outcome.large),
    ...rates('into an empty table', outcome.empty),
    figure(`rate into ${stored} events / into none`, outcome.large.median / outcome.empty.median, 'ratio', ['≥', 0.7]),
  ];
}

/** The same events again. */
async function duplicates(lab: Lab): Promise<Figure[]> {
  const events = Math.ceil(20 * lab.scale) * 1_000;
  const world = await createWorld(lab.postgres);
  const server = await startOurs(world.url);
  let sent: Buffer[] = [];
  const fresh = () => {
    sent = batchRequests(bodies(world, events / 1_000, 1_000));
    return ingest(lab, server, 4, sent, events);
  };
  const again = async () => {
    if (sent.length === 0) await fresh();
    return ingest(lab, server, 4, sent, events);
  };
  const outcome = await withServers([server], async () => {
    await fresh();
    return contest(lab.repeats, { fresh, again });
  });
  return [
    ...rates('fresh events', outcome.fresh),
    ...rates('all duplicates', outcome.again),
    figure('all duplicates / fresh', outcome.again.median / outcome.fresh.median, 'ratio', ['≥', 2]),
    workRatio('all duplicates / fresh', outcome.again, outcome.fresh),
  ];
}

/** A long run: what an event costs on disk, and whether the server's memory grows. */
async function space(lab: Lab): Promise<Figure[]> {
  const rounds = 20;
  const events = Math.ceil(Math.min(2_000_000, 0.4 * lab.stored) / rounds / 1_000) * 1_000;
  const world = await createWorld(lab.postgres);
  const server = await startOurs(world.url);
  const sizes = async () =>
    (
      await world.db.query<{ bytes: string; wal: string }>(
        `SELECT pg_database_size(current_database())::text AS bytes, pg_current_wal_lsn() - '0/0'::pg_lsn AS wal`,
      )
    ).rows[0];
  return withServers([server], async () => {
    const before = await sizes();
    const memory: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await ingest(lab, server, 4, batchRequests(bodies(world, events / 1_000, 1_000)), events);
      memory.push(residentMiB(server.pid));
    }
    const after = await sizes();
    const each = (name: 'bytes' | 'wal'): number => (Number(after[name]) - Number(before[name])) / (events * rounds);
    // The first rounds warm up: code is compiled, pools fill.
    const settled = memory.slice(rounds / 4);
    const middle = percentile(settled, 0.5);
    const grown = percentile(settled.slice(-5), 0.5) / percentile(settled.slice(0, 5), 0.5);
    return [
      figure(`disk, of ${events * rounds} events`, each('bytes'), 'bytes/event'),
      figure('WAL', each('wal'), 'bytes/event'),
      figure('memory of the server', middle, 'MiB'),
      figure('  at the end / at the beginning', grown, 'ratio'),
      figure('  greatest deviation from that', Math.max(...settled.map((size) => Math.abs(size / middle - 1))), 'share', [
        '≤',
        0.2,
      ]),
    ];
  });
}

export const PARTS: Record<string, (lab: Lab) => Promise<Figure[]>> = {
  batch,
  single,
  graphql,
  full,
  duplicates,
  ...readingParts,
  space,
};
