import { Args, Context, Field, ID, InputType, Int, Mutation, ObjectType, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, connectionOf, idPage, type Connection } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { invalid } from '../../../shared/errors.js';
import { minorUnitDigits } from '../../../shared/money.js';
import { CustomerType } from '../../customers/index.js';
import { BALANCE_REASONS, type BalanceReason } from '../balance-entry.entity.js';
import { BalancesService } from '../balances.service.js';
import { CreditNoteType } from './credit-note.types.js';
import { InvoiceType } from './invoice.types.js';
import {
  balanceEntriesOfCustomer,
  balanceEntryCountOfCustomer,
  balanceOfCustomer,
  creditNoteById,
  invoiceById,
} from './invoicing.loaders.js';

const BalanceReasonEnum = enumOf('BalanceReason', ...BALANCE_REASONS);

@ObjectType('BalanceEntry', { description: 'One entry of a customer’s ledger of credit, which is only ever added to.' })
export class BalanceEntryType {
  @Field(() => ID) id: string;
  @Field() currency: string;
  @Field(() => DecimalScalarType, { description: 'Positive: credited; negative: used.' }) amount: string;
  @Field(() => BalanceReasonEnum) reason: BalanceReason;
  @Field(() => String, { nullable: true }) memo: string | null;
  @Field(() => String, { nullable: true, description: 'Of an ADJUSTMENT: who made it.' }) actor: string | null;
  @Field(() => ID, { nullable: true }) refundId: string | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
  invoiceId: string | null;
  creditNoteId: string | null;
}

const BalanceEntryConnectionType = connectionOf(BalanceEntryType, 'BalanceEntry');

@InputType()
export class AdjustBalanceInput {
  @Field(() => DecimalScalarType, { description: 'Positive: credit; negative: debit, of no more than there is.' }) amount: string;
  @Field(() => String, { nullable: true, description: 'Default: the customer’s, else the organization’s.' }) currency?:
    string | null;
  @Field(() => String, { nullable: true }) memo?: string | null;
}

@Resolver(() => BalanceEntryType)
export class BalanceEntriesResolver {
  constructor(private readonly balances: BalancesService) {}

  @Mutation(() => BalanceEntryType, { description: 'Credits or debits a customer by hand.' })
  @Requires('invoices.write')
  adjustBalance(
    @Args('customerId', { type: () => ID }) customerId: string,
    @Args('input') input: AdjustBalanceInput,
    @Context() context: RequestContext,
  ): Promise<BalanceEntryType> {
    return context.write((tx) => this.balances.adjust(tx, context.actor, customerId, input));
  }

  @ResolveField(() => InvoiceType, { nullable: true })
  @Requires('any')
  invoice(@Parent() entry: BalanceEntryType, @Context() context: RequestContext): Promise<InvoiceType | null> | null {
    return entry.invoiceId ? context.load(invoiceById, entry.invoiceId) : null;
  }

  @ResolveField(() => CreditNoteType, { nullable: true })
  @Requires('any')
  creditNote(@Parent() entry: BalanceEntryType, @Context() context: RequestContext): Promise<CreditNoteType | null> | null {
    return entry.creditNoteId ? context.load(creditNoteById, entry.creditNoteId) : null;
  }
}

@Resolver(() => CustomerType)
export class CustomerBalancesResolver {
  @ResolveField(() => DecimalScalarType, { description: 'Credit left, ≥ 0.' })
  @Requires('invoices.read')
  async balance(
    @Parent() customer: CustomerType,
    @Args('currency', { type: () => String }) currency: string,
    @Context() context: RequestContext,
  ): Promise<string> {
    if (minorUnitDigits(currency) === null) throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
    return context.load(balanceOfCustomer, { customerId: customer.id, currency });
  }

  @ResolveField(() => BalanceEntryConnectionType, { description: 'Where the credit came from, and what used it up.' })
  @Requires('invoices.read')
  async balanceEntries(
    @Parent() customer: CustomerType,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<BalanceEntryType>> {
    const page = idPage('BalanceEntry', { first, after });
    const rows = await context.load(balanceEntriesOfCustomer, { parentId: customer.id, first, after });
    return connectionFrom<BalanceEntryType>(rows, page, () => context.load(balanceEntryCountOfCustomer, customer.id));
  }
}
