import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Requires, type AuthenticatedRequest } from '../../../platform/auth.js';
import { Database } from '../../../platform/database/database.js';
import { DocumentsService, fileName } from '../documents.service.js';

@Controller('api/v1/invoices')
export class InvoiceDocumentsController {
  constructor(
    private readonly database: Database,
    private readonly documents: DocumentsService,
  ) {}

  @Get(':id/pdf')
  @Requires('invoices.read')
  async pdf(@Req() { actor }: AuthenticatedRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const document = await this.database.read(actor, (tx) => this.documents.document(tx, id));
    const pdf = await this.documents.pdf(document);
    void reply
      .type('application/pdf')
      .headers({ 'content-disposition': `inline; filename="${fileName(document)}"`, 'cache-control': 'private, no-store' })
      .send(pdf);
  }
}
