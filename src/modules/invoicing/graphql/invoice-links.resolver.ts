import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { PublicUrl } from '../../../platform/public-url.js';
import { InvoiceType } from './invoice.types.js';

/** Where an invoice can be looked at. */
@Resolver(() => InvoiceType)
export class InvoiceLinksResolver {
  constructor(private readonly links: PublicUrl) {}

  @ResolveField(() => String, {
    nullable: true,
    description: 'The PDF, for whoever has an API key with the scope invoices.read; null: of a preview.',
  })
  @Requires('any')
  pdfUrl(@Parent() { id, previewLines }: InvoiceType): string | null {
    return previewLines ? null : this.links.of(`/api/v1/invoices/${id}/pdf`);
  }

  @ResolveField(() => String, {
    nullable: true,
    description: 'The page for the customer, open to whoever has this link; null: the invoice is still a draft.',
  })
  @Requires('any')
  publicUrl(@Parent() { status, publicToken, previewLines }: InvoiceType): string | null {
    return status === 'DRAFT' || previewLines || !publicToken ? null : this.links.of(`/i/${publicToken}`);
  }
}
