import { Args, Context, Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, type Connection } from '../../../platform/graphql/connection.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { decimal, decimalText } from '../../../shared/decimal.js';
import { minorUnitDigits, roundToMinorUnit } from '../../../shared/money.js';
import { chargeById, ChargeType } from '../../catalog/index.js';
import { meterById, MeterType, UsageEventConnectionType, UsageEventType } from '../../metering/index.js';
import { subscriptionById, SubscriptionType } from '../../subscriptions/index.js';
import { explanationText } from '../domain/explanation.js';
import { netAmount } from '../domain/tax.js';
import { eventCountOfLine, eventsOfLine } from './invoicing.loaders.js';
import { InvoiceLineType, LineExplanationType, MeterReadingType, RoundingStepType } from './invoice.types.js';

const roundingOf = (exactAmount: string, currency: string): RoundingStepType => ({
  from: exactAmount,
  to: decimalText(roundToMinorUnit(decimal(exactAmount), currency)),
  digits: minorUnitDigits(currency) ?? 0,
});

@Resolver(() => InvoiceLineType)
export class InvoiceLinesResolver {
  @ResolveField(() => ChargeType, { nullable: true })
  @Requires('any')
  charge(@Parent() line: InvoiceLineType, @Context() context: RequestContext): Promise<ChargeType | null> | null {
    return line.chargeId ? context.load(chargeById, line.chargeId) : null;
  }

  @ResolveField(() => SubscriptionType, { nullable: true })
  @Requires('subscriptions.read')
  subscription(@Parent() line: InvoiceLineType, @Context() context: RequestContext): Promise<SubscriptionType | null> | null {
    return line.subscriptionId ? context.load(subscriptionById, line.subscriptionId) : null;
  }

  @ResolveField(() => DecimalScalarType, { description: 'The amount without tax.' })
  @Requires('any')
  netAmount(@Parent() line: InvoiceLineType): string {
    return decimalText(netAmount(line));
  }

  @ResolveField(() => LineExplanationType, { description: 'How the amount came about, as data.' })
  @Requires('any')
  explanation(@Parent() line: InvoiceLineType): LineExplanationType {
    const { reading, ...explanation } = line.explanation;
    return {
      ...explanation,
      rounding: roundingOf(explanation.exactAmount, line.currency),
      text: explanationText(line.explanation, decimalText(decimal(line.amount)), line.currency),
      reading: reading ? { ...reading, knownAt: line.knownAt ?? reading.to } : null,
    };
  }

  @ResolveField(() => UsageEventConnectionType, { description: 'The raw events behind the line, as known at its cut-off.' })
  @Requires('usage.read')
  async events(
    @Parent() line: InvoiceLineType,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<UsageEventType>> {
    const page = idPage('UsageEvent', { first, after });
    const { reading } = line.explanation;
    if (!reading) return connectionFrom<UsageEventType>([], page, () => Promise.resolve(0));
    const { meterId, from, to } = reading;
    const window = { meterId, customerId: line.customerId, from, to, knownAt: line.knownSnapshot };
    const rows = await context.load(eventsOfLine, { window, first, after });
    return connectionFrom<UsageEventType>(rows, page, () => context.load(eventCountOfLine, window));
  }
}

@Resolver(() => MeterReadingType)
export class MeterReadingsResolver {
  @ResolveField(() => MeterType)
  @Requires('any')
  meter(@Parent() reading: MeterReadingType, @Context() context: RequestContext): Promise<MeterType | null> {
    return context.load(meterById, reading.meterId);
  }
}
