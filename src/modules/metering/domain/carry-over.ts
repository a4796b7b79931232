import { decimal, decimalText, max } from '../../../shared/decimal.js';

/** What was counted in one span, of one group of events. */
export interface CountedUsage<Group> {
  /** Which of the spans, from 0. */
  span: number;
  group: Group;
  value: string;
  /** The last value in it. */
  latest: string | null;
  eventCount: number;
}

interface Known<Group> {
  group: Group;
  value: string;
}

/**
 * Usage of a meter that carries over (docs/billing-rules.md §4): each span starts with the last value known before it, so that
 * a group has a value in every span from its first event on. `before` is what was known before the first span.
 */
export function carryOver<Group>(
  aggregation: 'LAST' | 'MAX',
  spans: number,
  counted: readonly CountedUsage<Group>[],
  before: readonly Known<Group>[],
): CountedUsage<Group>[] {
  const known = new Map(before.map((item) => [JSON.stringify(item.group), item]));
  const bySpan: Map<string, CountedUsage<Group>>[] = Array.from({ length: spans }, () => new Map());
  for (const row of counted) bySpan[row.span].set(JSON.stringify(row.group), row);
  const usage: CountedUsage<Group>[] = [];
  for (const [span, rows] of bySpan.entries()) {
    for (const key of [...new Set([...known.keys(), ...rows.keys()])].sort()) {
      const row = started(aggregation, span, known.get(key), rows.get(key));
      usage.push(row);
      known.set(key, { group: row.group, value: row.latest ?? row.value });
    }
  }
  return usage;
}

function started<Group>(
  aggregation: 'LAST' | 'MAX',
  span: number,
  known: Known<Group> | undefined,
  row: CountedUsage<Group> | undefined,
): CountedUsage<Group> {
  if (!row) return { ...(known as Known<Group>), span, latest: null, eventCount: 0 };
  if (!known || aggregation === 'LAST') return row;
  return { ...row, value: decimalText(max(decimal(row.value), decimal(known.value))) };
}
