import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { EntityManager } from 'typeorm';
import { Requires } from '../../../platform/auth.js';
import { Database } from '../../../platform/database/database.js';
import { notFound } from '../../../shared/errors.js';
import { DocumentsService, fileName } from '../documents.service.js';
import { findPublicInvoice } from '../queries/find-public-invoice.query.js';
import { InvoicesService } from '../invoices.service.js';

/** The link is the key: it must not get into caches, search engines or the referrer of another page. */
const PRIVATE = {
  'cache-control': 'private, no-store',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow',
  'x-content-type-options': 'nosniff',
};

/** Invoices for whoever has their link. A draft has none yet. */
@Controller('i')
export class PublicInvoicesController {
  constructor(
    private readonly database: Database,
    private readonly invoices: InvoicesService,
    private readonly documents: DocumentsService,
  ) {}

  @Get(':token')
  @Requires('public')
  async page(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    const { body, contentSecurityPolicy } = await this.read(token, async (tx, id) =>
      this.documents.page(await this.documents.document(tx, id), await this.invoices.get(tx, id)),
    );
    void reply
      .type('text/html; charset=utf-8')
      .headers({ ...PRIVATE, 'content-security-policy': contentSecurityPolicy })
      .send(body);
  }

  @Get(':token/pdf')
  @Requires('public')
  async pdf(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    const document = await this.read(token, (tx, id) => this.documents.document(tx, id));
    const pdf = await this.documents.pdf(document);
    void reply
      .type('application/pdf')
      .headers({ ...PRIVATE, 'content-disposition': `inline; filename="${fileName(document)}"` })
      .send(pdf);
  }

  private async read<T>(token: string, work: (tx: EntityManager, id: string) => Promise<T>): Promise<T> {
    const found = await this.database.acrossOrganizations('an invoice by its link', (tx) => findPublicInvoice(tx, token));
    if (!found) throw notFound('Invoice');
    return this.database.read(found.organizationId, (tx) => work(tx, found.id));
  }
}
