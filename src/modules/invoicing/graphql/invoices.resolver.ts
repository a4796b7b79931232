import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { In } from 'typeorm';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { decimalText } from '../../../shared/decimal.js';
import { CustomersService, CustomerType } from '../../customers/index.js';
import { customerById } from '../../metering/index.js';
import { TestClockType } from '../../organizations/index.js';
import { subscriptionById, SubscriptionsService, SubscriptionType } from '../../subscriptions/index.js';
import { amountDue } from '../domain/amount-due.js';
import type { InvoiceStatus } from '../domain/invoice-status.js';
import { FinalizationService } from '../finalization.service.js';
import { Invoice } from '../invoice.entity.js';
import { InvoicesService } from '../invoices.service.js';
import { PreviewsService } from '../previews.service.js';
import { ofSubscription } from '../queries/load-invoices-of-subscriptions.query.js';
import { TimeTravelService } from '../time-travel.service.js';
import {
  InvoiceConnectionType,
  InvoiceLineType,
  InvoiceStatusEnum,
  InvoiceTaxType,
  InvoiceType,
  PaymentType,
  RecordPaymentInput,
} from './invoice.types.js';
import { linesOfInvoice, paymentsOfInvoice } from './invoicing.loaders.js';

const idArgument = { type: () => ID };

@Resolver(() => InvoiceType)
export class InvoicesResolver {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly finalization: FinalizationService,
    private readonly previews: PreviewsService,
    private readonly customers: CustomersService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @Query(() => InvoiceType, { nullable: true })
  @Requires('invoices.read')
  invoice(
    @Args('id', { type: () => ID, nullable: true }) id: string | null,
    @Args('number', { type: () => String, nullable: true }) number: string | null,
    @Context() context: RequestContext,
  ): Promise<InvoiceType | null> {
    return context.read((tx) => this.invoices.find(tx, { id, number }));
  }

  @Query(() => InvoiceConnectionType, { name: 'invoices' })
  @Requires('invoices.read')
  async list(
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('subscriptionId', { type: () => ID, nullable: true }) subscriptionId: string | null,
    @Args('status', { type: () => [InvoiceStatusEnum], nullable: true }) status: InvoiceStatus[] | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<InvoiceType>> {
    await context.read(async (tx) => {
      if (typeof customerId === 'string') await this.customers.get(tx, customerId);
      if (typeof subscriptionId === 'string') await this.subscriptions.get(tx, subscriptionId);
    });
    const where = {
      ...(typeof customerId === 'string' ? { customerId } : {}),
      ...(typeof subscriptionId === 'string'
        ? { subscriptionId: ofSubscription(context.actor.organizationId, subscriptionId) }
        : {}),
      ...(status ? { status: In(status) } : {}),
    };
    return pageOfRows(context.read.bind(context), Invoice, where, { first, after });
  }

  @Query(() => InvoiceType, { description: 'The next invoice of a subscription, with the usage known now.' })
  @Requires('invoices.read')
  previewInvoice(
    @Args('subscriptionId', idArgument) subscriptionId: string,
    @Context() context: RequestContext,
  ): Promise<InvoiceType> {
    return context.read((tx) => this.previews.nextInvoice(tx, subscriptionId));
  }

  @Mutation(() => InvoiceType)
  @Requires('invoices.write')
  finalizeInvoice(@Args('id', idArgument) id: string, @Context() context: RequestContext): Promise<InvoiceType> {
    return context.write((tx) => this.finalization.finalize(tx, id));
  }

  @Mutation(() => InvoiceType)
  @Requires('invoices.write')
  recordPayment(
    @Args('invoiceId', idArgument) invoiceId: string,
    @Args('input') input: RecordPaymentInput,
    @Context() context: RequestContext,
  ): Promise<InvoiceType> {
    return context.write((tx) => this.invoices.recordPayment(tx, invoiceId, input));
  }

  @Mutation(() => InvoiceType)
  @Requires('invoices.write')
  voidInvoice(
    @Args('id', idArgument) id: string,
    @Args('reason', { type: () => String, nullable: true }) reason: string | null,
    @Args('reissue', { type: () => Boolean, nullable: true, defaultValue: false }) reissue: boolean | null,
    @Context() context: RequestContext,
  ): Promise<InvoiceType> {
    return context.write((tx) => this.invoices.void(tx, id, reason ?? null, reissue ?? false));
  }

  @Mutation(() => InvoiceType)
  @Requires('invoices.write')
  markInvoiceUncollectible(
    @Args('id', idArgument) id: string,
    @Args('reason', { type: () => String, nullable: true }) reason: string | null,
    @Context() context: RequestContext,
  ): Promise<InvoiceType> {
    return context.write((tx) => this.invoices.markUncollectible(tx, id, reason ?? null));
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, invoice.customerId);
  }

  @ResolveField(() => SubscriptionType, { nullable: true, description: 'Null: it is of none, or of several.' })
  @Requires('subscriptions.read')
  subscription(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<SubscriptionType | null> | null {
    return invoice.subscriptionId ? context.load(subscriptionById, invoice.subscriptionId) : null;
  }

  @ResolveField(() => DecimalScalarType, { description: 'total − creditsApplied − amountPaid − amountCredited; 0 once voided.' })
  @Requires('any')
  amountDue(@Parent() invoice: InvoiceType): string {
    return decimalText(amountDue(invoice));
  }

  @ResolveField(() => [InvoiceTaxType], { description: 'At most one; none: see taxTreatment.' })
  @Requires('any')
  taxes(@Parent() { tax, taxRate }: InvoiceType): InvoiceTaxType[] {
    if (taxRate === null) return [];
    const { id: taxRateId, ...rate } = taxRate;
    return [{ ...rate, taxRateId, amount: tax }];
  }

  @ResolveField(() => [InvoiceLineType])
  @Requires('any')
  async lines(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<InvoiceLineType[]> {
    const { currency, customerId, previewLines } = invoice;
    const lines = previewLines?.map((line) => ({ ...line, id: null })) ?? (await context.load(linesOfInvoice, invoice.id));
    return lines.map((line) => ({ ...line, currency, customerId }));
  }

  @ResolveField(() => [PaymentType])
  @Requires('any')
  payments(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<PaymentType[]> {
    return context.load(paymentsOfInvoice, invoice.id);
  }
}

@Resolver(() => TestClockType)
export class TimeTravelResolver {
  constructor(private readonly timeTravel: TimeTravelService) {}

  @Mutation(() => TestClockType, { description: 'Runs everything that falls due, in order of time, then returns.' })
  @Requires('admin')
  async advanceTestClock(
    @Args('id', idArgument) id: string,
    @Args('to', { type: () => DateTimeScalarType }) to: Date,
    @Context() context: RequestContext,
  ): Promise<TestClockType> {
    await context.close();
    return this.timeTravel.advance(context.actor, id, to);
  }
}
