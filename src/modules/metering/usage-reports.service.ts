import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isId } from '../../platform/database/ids.js';
import { boundary, calendarAnchor, periodAt, type Cadence } from '../../shared/calendar.js';
import { invalid, notFound } from '../../shared/errors.js';
import { Instant } from '../../shared/instant.js';
import { CustomersService } from '../customers/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { carryOver } from './domain/carry-over.js';
import type { Meter } from './meter.entity.js';
import { MetersService } from './meters.service.js';
import {
  loadCarriedValues,
  loadUsage,
  loadUsageByCustomer,
  type CustomerUsageRow,
  type UsageRow,
  type UsageSpan,
} from './queries/load-usage.query.js';

export type UsageWindow = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH';

export interface UsageReport {
  meter: Meter;
  value: string;
  eventCount: number;
  from: Date | string;
  to: Date | string;
  buckets: {
    start: Date | string;
    end: Date | string;
    value: string;
    eventCount: number;
    group: Record<string, string | null> | null;
  }[];
}

export interface UsageQuery {
  meterId: string;
  customerId?: string | null;
  from: Date;
  to: Date;
  window?: UsageWindow | null;
  groupBy?: string[] | null;
}

const MAX_BUCKETS = 10_000;
const MAX_CUSTOMERS = 1_000;
const MAX_GROUP_PROPERTIES = 5;
const HOUR_MS = 3_600_000;

/** Answers what was used: a total, and buckets by window and by property. */
@Injectable()
export class UsageReportsService {
  constructor(
    private readonly meters: MetersService,
    private readonly customers: CustomersService,
    private readonly organizations: OrganizationsService,
  ) {}

  async report(tx: EntityManager, query: UsageQuery): Promise<UsageReport> {
    requireOrder(query.from, query.to);
    const groupBy = query.groupBy ?? [];
    if (groupBy.length > MAX_GROUP_PROPERTIES)
      throw invalid('groupBy', `groupBy takes at most ${MAX_GROUP_PROPERTIES} properties.`);
    const meter = await this.meters.get(tx, query.meterId);
    const zone = await this.zoneOf(tx, query.customerId ?? null);
    const whole: UsageSpan = { from: instantText(query.from), to: instantText(query.to) };
    const windows = query.window ? cutIntoWindows(query.from, query.to, query.window, zone) : [whole];
    const customerId = query.customerId ?? null;
    const [total] = await this.count(tx, meter, customerId, [whole], []);
    const isCut = typeof query.window === 'string' || groupBy.length > 0;
    const rows = isCut ? await this.count(tx, meter, customerId, windows, groupBy) : [];
    const bySpan = new Map(rows.map((row) => [row.span, row]));
    const buckets =
      groupBy.length > 0
        ? rows.map((row) => bucketOf(windows[row.span], row.value, row.eventCount, row.group))
        : windows.map((span, index) => bucketOf(span, bySpan.get(index)?.value ?? '0', bySpan.get(index)?.eventCount ?? 0, null));
    return {
      meter,
      value: total?.value ?? '0',
      eventCount: total?.eventCount ?? 0,
      from: whole.from,
      to: whole.to,
      buckets: isCut ? buckets : [],
    };
  }

  /** What each customer used in all, the greatest first. */
  async byCustomer(
    tx: EntityManager,
    { meterId, from, to, limit }: { meterId: string; from: Date; to: Date; limit: number },
  ): Promise<CustomerUsageRow[]> {
    requireOrder(from, to);
    if (limit < 1 || limit > MAX_CUSTOMERS) throw invalid('limit', `limit must be from 1 to ${MAX_CUSTOMERS}.`);
    const meter = await this.meters.get(tx, meterId);
    const span: UsageSpan = { from: instantText(from), to: instantText(to) };
    return loadUsageByCustomer(tx, { meter, span, limit });
  }

  /** What each span counted, by group; a meter that carries over starts each span with the last value known. */
  private async count(
    tx: EntityManager,
    { id: meterId, aggregation, carriesOver }: Meter,
    customerId: string | null,
    spans: UsageSpan[],
    groupBy: string[],
  ): Promise<UsageRow[]> {
    const wanted = { meterId, customerId, groupBy, limit: MAX_BUCKETS + 1 };
    const rows = await loadUsage(tx, { ...wanted, spans });
    const groups = new Set(rows.map(({ group }) => JSON.stringify(group)));
    if (!carriesOver || (aggregation !== 'LAST' && aggregation !== 'MAX')) {
      requireBuckets(rows.length);
      return rows;
    }
    const before = await loadCarriedValues(tx, { ...wanted, before: spans[0].from });
    for (const { group } of before) groups.add(JSON.stringify(group));
    requireBuckets(groups.size * spans.length);
    return carryOver(aggregation, spans.length, rows, before);
  }

  /** Windows are cut in the customer's zone, in the organization's where no customer is given (billing-rules §4). */
  private async zoneOf(tx: EntityManager, customerId: string | null): Promise<string> {
    if (customerId === null) return (await this.organizations.get(tx)).timeZone;
    const customer = isId(customerId) ? await this.customers.find(tx, { id: customerId }) : null;
    if (!customer) throw notFound('Customer');
    return this.customers.timeZone(tx, customer);
  }
}

function requireBuckets(count: number): void {
  if (count > MAX_BUCKETS)
    throw invalid('groupBy', `That is more than ${MAX_BUCKETS} buckets: group by less, or cut less finely.`);
}

function requireOrder(from: Date, to: Date): void {
  if (inMicroseconds(to) <= inMicroseconds(from)) throw invalid('to', 'to must be later than from.');
}

/** Text that sorts as time does, where dates have milliseconds alone. */
const inMicroseconds = (instant: Date): string => instantText(instant).slice(0, -1).padEnd(26, '0');

const instantText = (instant: Date): string => (instant instanceof Instant ? instant.text : instant.toISOString());

const bucketOf = (
  span: UsageSpan,
  value: string,
  eventCount: number,
  group: Record<string, string | null> | null,
): UsageReport['buckets'][number] => ({
  start: span.from,
  end: span.to,
  value,
  eventCount,
  group,
});

/** The windows that touch [from, to), the first and the last cut to it. */
function cutIntoWindows(from: Date, to: Date, window: UsageWindow, zone: string): UsageSpan[] {
  const spans: UsageSpan[] = [];
  const nextBoundary = window === 'HOUR' ? hourBoundaries(from) : calendarBoundaries(from, window, zone);
  let start = from;
  while (start < to) {
    if (spans.length >= MAX_BUCKETS)
      throw invalid('window', `That is more than ${MAX_BUCKETS} buckets: choose a longer window or a shorter span.`);
    const boundaryAfter = nextBoundary();
    const end = boundaryAfter < to ? boundaryAfter : to;
    if (end > start) spans.push({ from: instantText(start), to: instantText(end) });
    start = end;
  }
  // Boundaries are whole milliseconds: less than one lies in one window.
  return spans.length > 0 ? spans : [{ from: instantText(from), to: instantText(to) }];
}

function hourBoundaries(from: Date): () => Date {
  let hour = Math.floor(from.getTime() / HOUR_MS);
  return () => new Date(++hour * HOUR_MS);
}

function calendarBoundaries(from: Date, window: 'DAY' | 'WEEK' | 'MONTH', zone: string): () => Date {
  const cadence: Cadence = { anchor: calendarAnchor(from, zone, window, 1), timeZone: zone, interval: window, intervalCount: 1 };
  let index = periodAt(cadence, from).index;
  return () => boundary(cadence, ++index);
}
