import { contest, type Measurement, type Outcome } from './contest.js';
import { billBareChunks, billOneByOne, readyRows, type ReadyRows } from './billing-baselines.js';
import { createDatabase, createDueDatabase, dropDatabase, runWorker, withClient, type BenchDatabase } from './billing-world.js';
import { figure, type Figure, type Lab } from './figures.js';
import { load, percentile, requestOf } from './http-load.js';
import type { Part } from './laboratory.js';
import { API_KEY, startOurs } from './metering-world.js';
import { cpuSeconds } from './processes.js';

const FEW = 10_000;
const MANY = 100_000;
const EVENTS_PER_METER = 20;

export const BILLING_PARTS: Record<string, Part> = { runs, growth, finalization, lists };

/** A run over 10,000 subscriptions, beside bare chunks and a transaction each. */
async function runs(lab: Lab): Promise<Figure[]> {
  const count = Math.ceil(FEW * lab.scale);
  const seeded = await createDueDatabase(lab.postgres, count, EVENTS_PER_METER);
  const ready = await onCopy(lab, seeded, async (copy) => {
    await runWorker(copy, 'generate', count);
    return readyRows(copy);
  });
  const outcome = await contest(lab.repeats, {
    ours: () => onCopy(lab, seeded, (copy) => ours(lab, copy, 'generate', count)),
    bare: () => onCopy(lab, seeded, (copy) => baseline(lab, copy, ready, billBareChunks)),
    oneByOne: () => onCopy(lab, seeded, (copy) => baseline(lab, copy, ready, billOneByOne)),
  });
  await dropDatabase(lab.postgres, seeded);
  const { ours: run, bare, oneByOne } = outcome;
  return [
    figure(`billing run over ${count} subscriptions of 6 lines`, run.median, 'a second'),
    figure('the same rows in bare chunks, unpriced', bare.median, 'a second'),
    figure('a transaction each, unpriced', oneByOne.median, 'a second'),
    figure('billing run / bare chunks', run.median / bare.median, 'ratio', ['≥', 0.4]),
    figure('billing run / a transaction each', run.median / oneByOne.median, 'ratio', ['≥', 5]),
    figure(`seconds for ${count} subscriptions`, count / run.median, 's', ['≤', 6 * lab.scale]),
    ...cpuOf('billing run', run),
    ...cpuOf('bare chunks', bare),
    ...cpuOf('a transaction each', oneByOne),
  ];
}

/** Ten times as many subscriptions, over 10 million events: the same cost each, and no more memory. */
async function growth(lab: Lab): Promise<Figure[]> {
  const [few, many] = [Math.ceil(FEW * lab.scale), Math.ceil(MANY * lab.scale)];
  const small = await createDueDatabase(lab.postgres, few, EVENTS_PER_METER);
  const large = await createDueDatabase(lab.postgres, many, EVENTS_PER_METER);
  const outcome = await contest(Math.min(lab.repeats, 3), {
    few: () => onCopy(lab, small, (copy) => ours(lab, copy, 'generate', few)),
    many: () => onCopy(lab, large, (copy) => ours(lab, copy, 'generate', many)),
  });
  for (const database of [small, large]) await dropDatabase(lab.postgres, database);
  return [
    figure(`billing run over ${many} subscriptions, ${many * 5 * EVENTS_PER_METER} events`, outcome.many.median, 'a second'),
    figure(`cost of an invoice, ${many} / ${few}`, outcome.few.median / outcome.many.median, 'ratio', ['≤', 1.25]),
    figure(`peak memory of a run over ${few}`, outcome.few.more.peakMiB, 'MiB'),
    figure(`peak memory of a run over ${many}`, outcome.many.more.peakMiB, 'MiB', ['≤', 400]),
    ...cpuOf(`billing run over ${many}`, outcome.many),
  ];
}

/** All drafts of a run finalized, with numbers and what goes into the outbox. */
async function finalization(lab: Lab): Promise<Figure[]> {
  const count = Math.ceil(FEW * lab.scale);
  const seeded = await createDueDatabase(lab.postgres, count, EVENTS_PER_METER);
  await runWorker(seeded, 'generate', count);
  await withClient(seeded.url, (db) => db.query(`UPDATE invoices SET finalize_at = now() WHERE status = 'DRAFT'`));
  const numbering: number[] = [];
  const { run } = await contest(lab.repeats, {
    run: () =>
      onCopy(lab, seeded, async (copy) => {
        const measured = await ours(lab, copy, 'finalize', count);
        numbering.push(measured.more?.numberingP99 ?? 0);
        return measured;
      }),
  });
  await dropDatabase(lab.postgres, seeded);
  return [
    figure(`finalization of ${count} drafts of 6 lines`, run.median, 'a second'),
    figure('numbers are held, p99', run.more.numberingP99, 'ms'),
    ...cpuOf('finalization', run),
  ];
}

const LIST = `{ invoices(first: 50) { edges { node { id number status total lines { description amount } customer { externalId }
  subscription { id status } } } } }`;

/** The first page of a list with lines, customers and subscriptions, among few invoices and among many. */
async function lists(lab: Lab): Promise<Figure[]> {
  const few = Math.ceil(FEW * lab.scale);
  const copies = Math.ceil(99 * Math.min(1, lab.scale));
  const small = await createDueDatabase(lab.postgres, few, 1);
  await runWorker(small, 'generate', few);
  const large = await createDatabase(lab.postgres, small);
  await withClient(large.url, (db) => multiplyInvoices(db.query.bind(db), copies));
  const servers = [await startOurs(small.url), await startOurs(large.url)];
  const ask = (index: number) => async (): Promise<Measurement> => {
    const request = requestOf('/graphql', API_KEY, JSON.stringify({ query: LIST }));
    const { latencies } = await load(
      servers[index].port,
      1,
      Array.from({ length: 200 }, () => request),
      ({ body }) => body.includes('"externalId":"customer-'),
    );
    return { value: percentile(latencies, 0.95), cpu: {} };
  };
  for (const index of [0, 1]) await ask(index)();
  const outcome = await contest(lab.repeats, { few: ask(0), many: ask(1) });
  for (const server of servers) await server.stop();
  for (const database of [small, large]) await dropDatabase(lab.postgres, database);
  return [
    figure(`invoices(first: 50) among ${few}, p95`, outcome.few.median, 'ms'),
    figure(`invoices(first: 50) among ${few * (copies + 1)}, p95`, outcome.many.median, 'ms', ['≤', 30]),
    figure('many / few', outcome.many.median / outcome.few.median, 'ratio', ['≤', 1.3]),
  ];
}

/** Older invoices: copies of those there are, each of them of an earlier month. */
async function multiplyInvoices(query: (text: string) => Promise<unknown>, copies: number): Promise<void> {
  // What is copied is right already: no need to check its keys again.
  await query('SET session_replication_role = replica');
  for (let n = 1; n <= copies; n += 1) {
    const shifted = (column: string): string => `r.${column} - make_interval(months => ${n})`;
    await query(
      `WITH copied AS MATERIALIZED (SELECT i.id AS source, uuidv7(interval '-1 month' * ${n}) AS id FROM invoices i WHERE billed_at = (SELECT max(billed_at) FROM invoices)),
       stored AS (
         INSERT INTO invoices SELECT p.* FROM copied c JOIN invoices r ON r.id = c.source
           CROSS JOIN LATERAL jsonb_populate_record(r, jsonb_build_object('id', c.id, 'billed_at', ${shifted('billed_at')})) AS p)
       INSERT INTO invoice_lines SELECT p.* FROM copied c JOIN invoice_lines r ON r.invoice_id = c.source
         CROSS JOIN LATERAL jsonb_populate_record(r, jsonb_build_object('id', uuidv7(), 'invoice_id', c.id, 'key_start', ${shifted('key_start')},
                    'period_end', ${shifted('period_end')})) AS p`,
    );
  }
  await query('VACUUM ANALYZE');
}

async function onCopy<T>(lab: Lab, seeded: BenchDatabase, work: (copy: BenchDatabase) => Promise<T>): Promise<T> {
  const copy = await createDatabase(lab.postgres, seeded);
  try {
    return await work(copy);
  } finally {
    await dropDatabase(lab.postgres, copy);
  }
}

async function ours(lab: Lab, copy: BenchDatabase, task: 'generate' | 'finalize', count: number): Promise<Measurement> {
  const before = cpuSeconds(lab.postgresPid, true);
  const report = await runWorker(copy, task, count);
  const more = {
    peakMiB: report.peakMiB,
    ...(report.numberingMs.length > 0 ? { numberingP99: percentile(report.numberingMs, 0.99) } : {}),
  };
  const postgres = ((cpuSeconds(lab.postgresPid, true) - before) * 1e6) / count;
  return { value: count / report.seconds, cpu: { node: (report.cpuSeconds * 1e6) / count, postgres }, more };
}

async function baseline(
  lab: Lab,
  copy: BenchDatabase,
  ready: ReadyRows,
  bill: (copy: BenchDatabase, ready: ReadyRows) => Promise<number>,
): Promise<Measurement> {
  const before = cpuSeconds(lab.postgresPid, true);
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  const done = await bill(copy, ready);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  if (done !== ready.invoices.size) throw new Error(`Billed ${done} of ${ready.invoices.size}.`);
  const postgres = ((cpuSeconds(lab.postgresPid, true) - before) * 1e6) / done;
  return { value: done / seconds, cpu: { node: (user + system) / done, postgres } };
}

const cpuOf = (name: string, { cpu }: Outcome): Figure[] =>
  Object.entries(cpu).map(([who, microseconds]) => figure(`${name}: CPU of ${who}`, microseconds, 'µs each'));
