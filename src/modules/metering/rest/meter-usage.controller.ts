import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { Requires, type AuthenticatedRequest } from '../../../platform/auth.js';
import { Database } from '../../../platform/database/database.js';
import { Clock } from '../../../shared/clock.js';
import { decimal, decimalText } from '../../../shared/decimal.js';
import { DomainError, invalid } from '../../../shared/errors.js';
import { Instant } from '../../../shared/instant.js';
import { countUsageCustomers } from '../queries/load-usage.query.js';
import { UsageReportsService, type UsageWindow } from '../usage-reports.service.js';

const WINDOWS: Readonly<Record<string, UsageWindow>> = { hour: 'HOUR', day: 'DAY', week: 'WEEK', month: 'MONTH' };
const DEFAULT_SPAN_MS = 30 * 86_400_000;

interface MeterUsage {
  meter_id: string;
  total_usage: string;
  event_count: number;
  unique_customers: number;
  period_start: string;
  period_end: string;
  grouped_data: { period: string; usage: string; event_count: number }[];
}

/** What a meter has counted, for clients without GraphQL. The last 30 days unless dates are given. */
@Controller('api/v1/meters')
export class MeterUsageController {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly reports: UsageReportsService,
  ) {}

  @Get(':id/usage')
  @Requires('usage.read')
  async usage(
    @Req() { actor }: AuthenticatedRequest,
    @Param('id') id: string,
    @Query('start_date') startDate?: string,
    @Query('end_date') endDate?: string,
    @Query('group_by') groupBy?: string,
    @Query('customer_id') customerId?: string,
  ): Promise<MeterUsage> {
    const to = instantOf('end_date', endDate) ?? this.clock.now();
    const from = instantOf('start_date', startDate) ?? new Date(to.getTime() - DEFAULT_SPAN_MS);
    if (to <= from) throw invalid('end_date', 'end_date must be later than start_date.');
    const query = { meterId: id, customerId: single('customer_id', customerId), from, to, window: windowOf(groupBy) };
    return this.database.read(actor, async (tx) => {
      const report = await this.reports.report(tx, query).catch(inWordsOfRest);
      const span = { from: String(report.from), to: String(report.to) };
      return {
        meter_id: report.meter.id,
        total_usage: decimalText(decimal(report.value)),
        event_count: report.eventCount,
        unique_customers: await countUsageCustomers(tx, { meterId: report.meter.id, customerId: query.customerId }, span),
        period_start: span.from,
        period_end: span.to,
        grouped_data: report.buckets.map(({ start, value, eventCount }) => ({
          period: String(start),
          usage: decimalText(decimal(value)),
          event_count: eventCount,
        })),
      };
    });
  }
}

/** The report's window is called group_by here. */
function inWordsOfRest(error: unknown): never {
  throw error instanceof DomainError && error.field === 'window' ? invalid('group_by', error.message) : error;
}

/** A parameter that is given twice arrives as a list. */
function single(field: string, value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string') throw invalid(field, `${field} must be given once.`);
  return value;
}

function instantOf(field: string, value: unknown): Instant | null {
  // A plus sign that was not escaped arrives as a space.
  const text = single(field, value)?.replace(/ (?=\d{2}:\d{2}$)/, '+');
  if (text === undefined) return null;
  const instant = Instant.read(text);
  if (!instant) throw invalid(field, `${field} must be RFC 3339 with an offset, such as 2026-01-31T00:00:00Z.`);
  return instant;
}

function windowOf(value: unknown): UsageWindow | null {
  const name = single('group_by', value);
  if (name === null) return null;
  if (!Object.hasOwn(WINDOWS, name)) throw invalid('group_by', `group_by must be one of ${Object.keys(WINDOWS).join(', ')}.`);
  return WINDOWS[name];
}
