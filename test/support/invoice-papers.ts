import { mkdirSync, writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { extractText, getDocumentProxy, renderPageAsImage } from 'unpdf';
import type { TestApp } from './test-app.js';

/** The text of each page, one space between words. */
export async function pagesOf(pdf: ArrayBuffer): Promise<string[]> {
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)));
  return text.map((page) => page.replaceAll(/\s+/g, ' '));
}

export interface Picture {
  width: number;
  height: number;
  /** The share of the pixels between two heights (0 at the top, 1 at the bottom) and two widths that are of a colour, or not. */
  share: (area: { from?: number; to?: number; left?: number; right?: number }, isOf: (rgb: string) => boolean) => number;
}

// The renderer wants what Node has from version 21 on; a copy does.
const buffers = ArrayBuffer.prototype as { transferToFixedLength?: () => ArrayBuffer };
buffers.transferToFixedLength ??= function copy(this: ArrayBuffer) {
  return this.slice(0);
};

/** The first page, rendered at one pixel a point and kept as a PNG under reports/, for people to look at. */
export async function pictureOf(pdf: ArrayBuffer, name: string): Promise<Picture> {
  const png = Buffer.from(await renderPageAsImage(new Uint8Array(pdf), 1, { canvasImport: () => import('@napi-rs/canvas') }));
  mkdirSync('reports', { recursive: true });
  writeFileSync(`reports/${name}.png`, png);
  const image = await loadImage(png);
  const { width, height } = image;
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const rgbAt = (x: number, y: number): string =>
    Buffer.from(data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)).toString('hex');
  return {
    width,
    height,
    share: ({ from = 0, to = 1, left = 0, right = 1 }, isOf) => {
      const [top, bottom] = [Math.floor(from * height), Math.floor(to * height)];
      const [first, last] = [Math.floor(left * width), Math.floor(right * width)];
      let count = 0;
      for (let y = top; y < bottom; y += 1) for (let x = first; x < last; x += 1) if (isOf(rgbAt(x, y))) count += 1;
      return count / ((bottom - top) * (last - first));
    },
  };
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
