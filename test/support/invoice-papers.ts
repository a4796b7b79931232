import { expect } from '@jest/globals';
import { extractText, getDocumentProxy } from 'unpdf';
import type { TestApp } from './test-app.js';

/** The text of each page, one space between words. */
export async function pagesOf(pdf: ArrayBuffer): Promise<string[]> {
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)));
  return text.map((page) => page.replaceAll(/\s+/g, ' '));
}

const textOfHtml = (page: string): string =>
  page
    .replaceAll(/<style>[\s\S]*?<\/style>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');

/** Invoices as people get to read them. */
export class InvoicePapers {
  constructor(private readonly app: TestApp) {}

  get(url: string, key: string | null = this.app.apiKey): Promise<Response> {
    return fetch(url, { headers: key === null ? {} : { 'x-api-key': key } });
  }

  async linksOf(id: string): Promise<{ pdfUrl: string; publicUrl: string | null }> {
    const query = 'query ($id: ID!) { invoice(id: $id) { pdfUrl publicUrl } }';
    return (await this.app.api.query<{ invoice: { pdfUrl: string; publicUrl: string | null } }>(query, { id })).invoice;
  }

  /** The text of the PDF. */
  async pdf(id: string): Promise<string> {
    const response = await this.get((await this.linksOf(id)).pdfUrl);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    return (await pagesOf(await response.arrayBuffer())).join(' ');
  }

  /** The text of the page. */
  async page(id: string): Promise<string> {
    const { publicUrl } = await this.linksOf(id);
    return textOfHtml(await (await this.get(publicUrl ?? '', null)).text());
  }
}
