/**
 * `npm run bench:engine`: what the pure engine costs a subscription of five charges when a period has ended, beside the bare
 * arithmetic of the same lines, and whether that grows with its history. Prints a table, and writes all figures to reports/.
 * `npm run bench:engine -- 15` repeats everything 15 times.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { decimal, sum } from '../src/shared/decimal.js';
import { bareArithmetic, pricedLines, settle, subscriptionOf, type Subscription } from './support/engine-world.js';

interface Sample {
  wallMicroseconds: number;
  cpuMicroseconds: number;
}

interface Contestant {
  name: string;
  closedPeriods: number;
  changes: number;
  timeZone: string;
  subscription: Subscription;
  work: () => unknown;
  samples: Sample[];
}

const ZONES = ['UTC', 'America/New_York'];
const MONTHS = [3, 12, 60, 240];
const CHANGES = [10, 100, 1_000];
/** Of one sample; short ones would measure the clock. */
const SAMPLE_MS = 150;
/** The shortest history that is longer than what a run looks at again for late usage. */
const REFERENCE_MONTHS = 12;
/** What costs more than so many times the reference is not flat. */
const FLAT = 1.15;

const repeats = Number(process.argv[2] ?? 9);

function contestant(name: string, closedPeriods: number, changes: number, timeZone: string, bare = false): Contestant {
  const subscription = subscriptionOf(closedPeriods, changes, timeZone);
  const work = bare ? () => bareArithmetic(subscription) : () => settle(subscription);
  return { name, closedPeriods, changes, timeZone, subscription, work, samples: [] };
}

const period = (months: number): string =>
  (months < 12 ? `${months} months` : `${months / 12} years`).replace(/^1 years/, '1 year');
const ours = ZONES.flatMap((timeZone) => [
  ...MONTHS.map((months) => contestant(period(months), months, 0, timeZone)),
  ...CHANGES.map((changes) => contestant(`20 years, ${changes} changes`, 240, changes, timeZone)),
]);
const bare = contestant('bare arithmetic of the same lines', 240, 0, 'UTC', true);
for (const { subscription } of ours) check(subscription);
for (let round = 0; round <= repeats; round += 1) {
  const order = [bare, ...ours];
  for (const each of round % 2 === 0 ? order : order.reverse()) {
    const sample = measure(each.work);
    // The first round is for the compiler.
    if (round > 0) each.samples.push(sample);
  }
}
report();

/** A period has ended: four usage lines, and the next period's fixed amount in advance. */
function check(subscription: Subscription): void {
  const lines = settle(subscription);
  const fixed = lines.filter(({ charge }) => charge.type === 'FIXED');
  const isRight = lines.length === 5 && fixed.length === 1 && fixed[0].amount.equals('49.90');
  if (!isRight) throw new Error(`Wrong lines: ${lines.length}.`);
  const { issued } = subscription;
  const total = sum([...issued, ...lines].map(({ amount }) => amount));
  // Fixed amounts stand for the period that has begun too, the arithmetic's for each period that has ended.
  const fixedAhead = decimal('49.90').times(
    String([...issued, ...fixed].filter(isFixed).length - subscription.readings.size / 4),
  );
  if (!bareArithmetic(subscription).plus(fixedAhead).equals(total)) throw new Error('The engine and bare arithmetic differ.');
}

function isFixed(line: { chargeId: string } | { charge: { id: string } }): boolean {
  return ('charge' in line ? line.charge.id : line.chargeId).endsWith('-fixed');
}

function measure(work: () => unknown): Sample {
  const cpu = process.cpuUsage();
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < SAMPLE_MS) {
    for (let times = 0; times < 10; times += 1) work();
    count += 10;
  }
  const wall = (performance.now() - began) * 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMicroseconds: wall / count, cpuMicroseconds: (user + system) / count };
}

function report(): void {
  const baseline = medianOf(bare, 'cpuMicroseconds');
  const rows = [bare, ...ours].map((each) => {
    const cpu = medianOf(each, 'cpuMicroseconds');
    const growth = each === bare ? null : cpu / medianOf(referenceOf(each), 'cpuMicroseconds');
    const isFlat = growth === null || each.changes > 0 ? null : growth <= FLAT;
    const { name, closedPeriods, changes, timeZone, samples } = each;
    const figures = {
      lines: pricedLines(each.subscription),
      perSecondAndCore: 1e6 / cpu,
      cpuMicroseconds: cpu,
      wallMicroseconds: medianOf(each, 'wallMicroseconds'),
      toBaseline: cpu / baseline,
      growth,
      isFlat,
    };
    return { name, closedPeriods, changes, timeZone, ...figures, samples };
  });
  console.log(`A run over one subscription of 5 charges, of whose priced lines 5 are new. Medians of ${repeats}.\n`);
  console.log(rowOf(['', 'zone', 'lines', 'per s and core', 'CPU µs', 'wall µs', 'to bare', 'to 1 year', '']));
  for (const row of rows) {
    const { name, timeZone, toBaseline, growth, isFlat } = row;
    const numbers = [row.lines, row.perSecondAndCore, row.cpuMicroseconds, row.wallMicroseconds].map((value) => value.toFixed(0));
    const verdict = isFlat === null ? '' : isFlat ? 'flat' : 'GROWS';
    console.log(rowOf([name, timeZone, ...numbers, toBaseline.toFixed(1), growth?.toFixed(2) ?? '', verdict]));
  }
  const at = new Date(performance.timeOrigin).toISOString();
  mkdirSync('reports', { recursive: true });
  const file = `reports/engine-${at.replace(/[:.]/g, '-')}.json`;
  writeFileSync(file, JSON.stringify({ at, node: process.version, repeats, rows }, null, 2));
  console.log(`\nAll figures in ${file}`);
}

function referenceOf({ timeZone }: Contestant): Contestant {
  return ours.find((other) => other.timeZone === timeZone && other.closedPeriods === REFERENCE_MONTHS) as Contestant;
}

function medianOf({ samples }: Contestant, figure: keyof Sample): number {
  const sorted = samples.map((sample) => sample[figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function rowOf(cells: string[]): string {
  const widths = [34, 18, 6, 15, 9, 9, 9, 10, 6];
  return cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]) : cell.padStart(widths[index]))).join(' ');
}
