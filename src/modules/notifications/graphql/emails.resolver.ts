import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { In } from 'typeorm';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { CustomersService } from '../../customers/index.js';
import { invoiceById, InvoicesService, InvoiceType } from '../../invoicing/index.js';
import type { EmailStatus } from '../domain/email.js';
import { Email } from '../email.entity.js';
import { EmailsService } from '../emails.service.js';
import { EmailConnectionType, EmailStatusEnum, EmailType } from './email.types.js';

@Resolver(() => EmailType)
export class EmailsResolver {
  constructor(
    private readonly mails: EmailsService,
    private readonly invoices: InvoicesService,
    private readonly customers: CustomersService,
  ) {}

  @Query(() => EmailConnectionType, { description: 'Mail about invoices: sent, kept and to come.' })
  @Requires('invoices.read')
  async emails(
    @Args('invoiceId', { type: () => ID, nullable: true }) invoiceId: string | null,
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('status', { type: () => [EmailStatusEnum], nullable: true }) status: EmailStatus[] | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<EmailType>> {
    await context.read(async (tx) => {
      if (typeof invoiceId === 'string') await this.invoices.get(tx, invoiceId);
      if (typeof customerId === 'string') await this.customers.get(tx, customerId);
    });
    const where = {
      ...(typeof invoiceId === 'string' ? { invoiceId } : {}),
      ...(typeof customerId === 'string' ? { customerId } : {}),
      ...(status ? { status: In(status) } : {}),
    };
    return pageOfRows(context.read.bind(context), Email, where, { first, after });
  }

  @Mutation(() => InvoiceType, {
    description: 'Mails an OPEN, PAID or UNCOLLECTIBLE invoice to its customer once more.',
  })
  @Requires('invoices.write')
  sendInvoice(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<InvoiceType> {
    return context.write((tx) => this.mails.sendInvoice(tx, id));
  }

  @ResolveField(() => InvoiceType)
  @Requires('any')
  invoice(@Parent() email: EmailType, @Context() context: RequestContext): Promise<InvoiceType | null> {
    return context.load(invoiceById, email.invoiceId);
  }
}
