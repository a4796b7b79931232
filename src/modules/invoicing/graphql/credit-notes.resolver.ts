import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { CustomersService, CustomerType } from '../../customers/index.js';
import { customerById } from '../../metering/index.js';
import { CreditNote } from '../credit-note.entity.js';
import { CreditNotesService } from '../credit-notes.service.js';
import { InvoicesService } from '../invoices.service.js';
import { CreateCreditNoteInput, CreditNoteConnectionType, CreditNoteLineType, CreditNoteType } from './credit-note.types.js';
import { InvoiceType } from './invoice.types.js';
import { creditNotesOfInvoice, invoiceById, linesOfCreditNote } from './invoicing.loaders.js';

@Resolver(() => CreditNoteType)
export class CreditNotesResolver {
  constructor(
    private readonly creditNotes: CreditNotesService,
    private readonly customers: CustomersService,
    private readonly invoices: InvoicesService,
  ) {}

  @Query(() => CreditNoteType, { nullable: true })
  @Requires('invoices.read')
  creditNote(
    @Args('id', { type: () => ID, nullable: true }) id: string | null,
    @Args('number', { type: () => String, nullable: true }) number: string | null,
    @Context() context: RequestContext,
  ): Promise<CreditNoteType | null> {
    return context.read((tx) => this.creditNotes.find(tx, { id, number }));
  }

  @Query(() => CreditNoteConnectionType, { name: 'creditNotes' })
  @Requires('invoices.read')
  async list(
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('invoiceId', { type: () => ID, nullable: true }) invoiceId: string | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<CreditNoteType>> {
    await context.read(async (tx) => {
      if (typeof customerId === 'string') await this.customers.get(tx, customerId);
      if (typeof invoiceId === 'string') await this.invoices.get(tx, invoiceId);
    });
    const where = {
      ...(typeof customerId === 'string' ? { customerId } : {}),
      ...(typeof invoiceId === 'string' ? { invoiceId } : {}),
    };
    return pageOfRows(context.read.bind(context), CreditNote, where, { first, after });
  }

  @Mutation(() => CreditNoteType, { description: 'Takes an OPEN or PAID invoice back, whole or by line.' })
  @Requires('invoices.write')
  createCreditNote(
    @Args('invoiceId', { type: () => ID }) invoiceId: string,
    @Args('input') input: CreateCreditNoteInput,
    @Context() context: RequestContext,
  ): Promise<CreditNoteType> {
    return context.write((tx) => this.creditNotes.create(tx, invoiceId, input));
  }

  @ResolveField(() => InvoiceType)
  @Requires('any')
  invoice(@Parent() note: CreditNoteType, @Context() context: RequestContext): Promise<InvoiceType | null> {
    return context.load(invoiceById, note.invoiceId);
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() note: CreditNoteType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, note.customerId);
  }

  @ResolveField(() => [CreditNoteLineType])
  @Requires('any')
  lines(@Parent() note: CreditNoteType, @Context() context: RequestContext): Promise<CreditNoteLineType[]> {
    return context.load(linesOfCreditNote, note.id);
  }
}

@Resolver(() => InvoiceType)
export class InvoiceCreditNotesResolver {
  @ResolveField(() => [CreditNoteType], { description: 'Oldest first.' })
  @Requires('any')
  creditNotes(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<CreditNoteType[]> {
    return context.load(creditNotesOfInvoice, invoice.id);
  }
}
