import { Args, Context, ID, Mutation, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { DraftsService } from '../drafts.service.js';
import { CreateInvoiceInput, UpdateDraftInvoiceInput } from './draft.types.js';
import { InvoiceType } from './invoice.types.js';

@Resolver()
export class DraftsResolver {
  constructor(private readonly drafts: DraftsService) {}

  @Mutation(() => InvoiceType, { description: 'Drafts a one-off invoice.' })
  @Requires('invoices.write')
  createInvoice(@Args('input') input: CreateInvoiceInput, @Context() context: RequestContext): Promise<InvoiceType> {
    return context.write((tx) => this.drafts.createOneOff(tx, input));
  }

  @Mutation(() => InvoiceType)
  @Requires('invoices.write')
  updateDraftInvoice(
    @Args('id', { type: () => ID }) id: string,
    @Args('input') input: UpdateDraftInvoiceInput,
    @Context() context: RequestContext,
  ): Promise<InvoiceType> {
    return context.write((tx) => this.drafts.update(tx, id, input));
  }

  @Mutation(() => ID)
  @Requires('invoices.write')
  deleteDraftInvoice(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<string> {
    return context.write((tx) => this.drafts.delete(tx, id));
  }
}
