/** Usage as the rules say it, over a plain list: no counters, no SQL. Values are whole tenths. */
export interface ModelEvent {
  id: string;
  meter: string;
  customer: string;
  /** Microseconds since 1970. */
  at: bigint;
  /** The order of receipt. */
  received: number;
  tenths: bigint;
  member: string;
  voided: boolean;
}

export type ModelAggregation = 'SUM' | 'MAX' | 'UNIQUE_COUNT' | 'LAST' | 'COUNT';

export function modelReading(
  events: readonly ModelEvent[],
  meter: { name: string; aggregation: ModelAggregation; carriesOver: boolean },
  customer: string | null,
  from: bigint,
  to: bigint,
): { value: string; eventCount: number } {
  const known = events
    .filter((event) => event.meter === meter.name && !event.voided && (customer === null || event.customer === customer))
    .sort((a, b) => (a.at === b.at ? a.received - b.received : a.at < b.at ? -1 : 1));
  const inside = known.filter(({ at }) => at >= from && at < to);
  const before = meter.carriesOver ? known.filter(({ at }) => at < from).at(-1) : undefined;
  return { value: valueOf(meter.aggregation, inside, before), eventCount: inside.length };
}

function valueOf(aggregation: ModelAggregation, inside: readonly ModelEvent[], before: ModelEvent | undefined): string {
  const tenths = inside.map((event) => event.tenths);
  switch (aggregation) {
    case 'COUNT':
      return String(inside.length);
    case 'UNIQUE_COUNT':
      return String(new Set(inside.map(({ member }) => member)).size);
    case 'SUM':
      return tenthsText(tenths.reduce((total, value) => total + value, 0n));
    case 'LAST':
      return tenthsText(tenths.at(-1) ?? before?.tenths ?? 0n);
    case 'MAX': {
      const all = before ? [...tenths, before.tenths] : tenths;
      return tenthsText(all.reduce<bigint | null>((most, value) => (most === null || value > most ? value : most), null) ?? 0n);
    }
  }
}

function tenthsText(tenths: bigint): string {
  const whole = (tenths < 0n ? -tenths : tenths) / 10n;
  const rest = (tenths < 0n ? -tenths : tenths) % 10n;
  return `${tenths < 0n ? '-' : ''}${whole}${rest === 0n ? '' : `.${rest}`}`;
}
