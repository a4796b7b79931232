import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkit';
import PDFDocument from 'pdfkit';
import type { DocumentLine, Entry, InvoiceDocument, LineGroup, PartyBlock } from '../domain/invoice-document.js';

/**
 * Noto Sans (SIL Open Font License): Latin, Greek and Cyrillic; what a document uses of it is embedded. Read once a process: taking
 * the font apart costs ten times what setting a page does.
 */
function readFont(path: string): Font {
  const file = createRequire(import.meta.url).resolve(`@expo-google-fonts/noto-sans/${path}`);
  const font = create(readFileSync(file)) as Font;
  // A font remembers a glyph as it first met it. As a part of another (the O in Ö) it would stand for no character, and could be seen
  // in later documents, but neither searched nor copied. Ligatures stand for those that they are made of.
  for (const codePoint of font.characterSet) if (!isLigature(codePoint)) font.glyphForCodePoint(codePoint);
  return font;
}
const isLigature = (codePoint: number): boolean => codePoint >= 0xfb00 && codePoint <= 0xfb06;
let fonts: { regular: Font; bold: Font } | null = null;

const MARGIN = 50;
const FOOTER = 60;
const GREY = '#6b7280';
const BLACK = '#111827';
const RULE = '#d1d5db';
const GAP = 12;
const SMALL = 8;
const NORMAL = 9.5;
/** Widths of the columns of numbers; the description has the rest. */
const COLUMNS = { quantity: 80, unitPrice: 95, amount: 105 } as const;

/** The invoice as a PDF. The same document gives the same bytes. */
export function invoicePdf(document: InvoiceDocument): Promise<Buffer> {
  const sheet = new Sheet(document);
  sheet.head();
  sheet.table();
  sheet.totals();
  sheet.taxNote();
  sheet.records();
  sheet.memo();
  return sheet.finish();
}

/** A PDF on its way, with a pen at height `y`. Pages are turned by hand: nothing is cut in two but the table, between its rows. */
class Sheet {
  private readonly pdf: PDFKit.PDFDocument;
  private readonly bytes: Promise<Buffer>;
  private readonly width: number;
  private readonly descriptionWidth: number;
  private y = MARGIN;
  /** Drawn at the top of each page that the table goes on on. */
  private inTable = false;

  constructor(private readonly document: InvoiceDocument) {
    fonts ??= { regular: readFont('400Regular/NotoSans_400Regular.ttf'), bold: readFont('700Bold/NotoSans_700Bold.ttf') };
    const { title, number, seller, paper } = document;
    this.pdf = new PDFDocument({
      size: paper,
      margin: 0,
      bufferPages: true,
      lang: 'en',
      displayTitle: true,
      font: fonts.regular as never,
      info: {
        Title: [title, number].filter(Boolean).join(' '),
        Author: seller.name,
        Creator: 'Fluxrate',
        CreationDate: document.datedAt,
      },
    });
    this.pdf.registerFont('regular', fonts.regular as never);
    this.pdf.registerFont('bold', fonts.bold as never);
    this.bytes = new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      this.pdf.on('data', (part: Buffer) => parts.push(part));
      this.pdf.on('end', () => resolve(Buffer.concat(parts)));
      this.pdf.on('error', reject);
    });
    this.width = this.pdf.page.width - 2 * MARGIN;
    this.descriptionWidth = this.width - COLUMNS.quantity - COLUMNS.unitPrice - COLUMNS.amount - GAP;
  }

  head(): void {
    const { title, stamp, color, seller, buyer, facts } = this.document;
    const half = this.width / 2 - GAP;
    const nameHeight = this.write(seller.name, MARGIN, this.y, half, { font: 'bold', size: 16, color });
    const titleHeight = this.write(title, MARGIN + half + 2 * GAP, this.y, half, { size: 16, color, align: 'right' });
    this.y += Math.max(nameHeight, titleHeight);
    if (stamp)
      this.y += this.write(stamp, MARGIN, this.y, this.width, { font: 'bold', size: 12, color: '#b91c1c', align: 'right' });
    this.y += 6;
    this.rule(color, 1.5);
    this.y += GAP;
    const third = this.width / 3 - GAP;
    const top = this.y;
    const bottoms = [
      this.party('From', seller, MARGIN, top, third),
      this.party('Bill to', buyer, MARGIN + third + GAP, top, third),
      this.facts(facts, MARGIN + 2 * (third + GAP), top, third + GAP),
    ];
    this.y = Math.max(...bottoms) + 2 * GAP;
  }

  table(): void {
    this.tableHead();
    this.inTable = true;
    for (const group of this.document.groups) this.group(group);
    this.inTable = false;
    this.rule(RULE, 0.5);
    this.y += GAP;
  }

  totals(): void {
    const { totals } = this.document;
    const labelX = MARGIN + this.width / 2;
    const labelWidth = this.width / 2 - 120;
    const heights = totals.map(({ label }) => Math.max(this.height(label, labelWidth, NORMAL) + 4, 17));
    this.room(heights.reduce((total, height) => total + height, 0));
    for (const [index, { label, value, isStrong }] of totals.entries()) {
      const font = isStrong ? 'bold' : 'regular';
      this.write(label, labelX, this.y, labelWidth, { font });
      this.fit(value, labelX + labelWidth, this.y, 120, font);
      this.y += heights[index];
    }
    this.y += GAP;
  }

  taxNote(): void {
    const { taxNote } = this.document;
    if (taxNote === null) return;
    this.room(20);
    this.y += this.write(taxNote, MARGIN, this.y, this.width) + GAP;
  }

  records(): void {
    for (const { heading, entries } of this.document.records) {
      this.room(40);
      this.y += this.write(heading, MARGIN, this.y, this.width, { font: 'bold' }) + 4;
      for (const { date, text, amount } of entries) {
        const height = Math.max(this.height(text, this.width - 240, NORMAL), 14);
        this.room(height);
        this.write(date, MARGIN, this.y, 110);
        this.write(text, MARGIN + 110, this.y, this.width - 240);
        this.fit(amount, MARGIN + this.width - 120, this.y, 120);
        this.y += height;
      }
      this.y += GAP;
    }
  }

  /** Prose of any length: a paragraph goes to the next page where it does not fit on this one. */
  memo(): void {
    for (const paragraph of this.document.memo?.split(/\r?\n/) ?? []) {
      const height = paragraph === '' ? 8 : this.height(paragraph, this.width, NORMAL);
      this.room(height);
      if (paragraph !== '') this.write(paragraph, MARGIN, this.y, this.width, { color: GREY });
      this.y += height + 2;
    }
  }

  /** Numbers the pages and ends. */
  finish(): Promise<Buffer> {
    const { start, count } = this.pdf.bufferedPageRange();
    const { title, number, seller } = this.document;
    for (let page = start; page < start + count; page += 1) {
      this.pdf.switchToPage(page);
      const y = this.pdf.page.height - MARGIN + 10;
      const style = { size: SMALL, color: GREY };
      this.write([seller.name, `${title}${number ? ` ${number}` : ''}`].join(' · '), MARGIN, y, this.width - 100, style);
      this.write(`Page ${page - start + 1} of ${count}`, MARGIN + this.width - 100, y, 100, { ...style, align: 'right' });
    }
    this.pdf.end();
    return this.bytes;
  }

  private party(heading: string, { name, lines }: PartyBlock, x: number, top: number, width: number): number {
    let y = top + this.write(heading, x, top, width, { size: SMALL, color: GREY }) + 2;
    y += this.write(name, x, y, width, { font: 'bold' });
    for (const line of lines) y += this.write(line, x, y, width);
    return y;
  }

  private facts(entries: Entry[], x: number, top: number, width: number): number {
    let y = top;
    for (const { label, value } of entries) {
      this.write(label, x, y, 50, { size: SMALL, color: GREY });
      y += this.write(value, x + 52, y, width - 52, { align: 'right' }) + 2;
    }
    return y;
  }

  private tableHead(): void {
    const style = { size: SMALL, color: GREY };
    this.write('Description', MARGIN, this.y, this.descriptionWidth, style);
    let x = MARGIN + this.descriptionWidth + GAP;
    for (const [label, width] of [
      ['Quantity', COLUMNS.quantity],
      ['Unit price', COLUMNS.unitPrice],
      ['Amount', COLUMNS.amount],
    ] as const) {
      this.write(label, x, this.y, width, { ...style, align: 'right' });
      x += width;
    }
    this.y += 14;
    this.rule(RULE, 0.5);
    this.y += 6;
  }

  private group({ heading, lines }: LineGroup): void {
    if (heading !== '') {
      // A heading does not stand alone at the foot of a page.
      this.room(18 + this.rowHeight(lines[0]));
      this.y += this.write(heading, MARGIN, this.y, this.width, { font: 'bold', size: SMALL, color: this.document.color }) + 3;
    }
    for (const line of lines) this.row(line);
    this.y += 4;
  }

  private row(line: DocumentLine): void {
    this.room(this.rowHeight(line));
    // In the order in which it is read: whoever copies the text, or has it read out, gets the line whole.
    const height = this.write(line.description, MARGIN, this.y, this.descriptionWidth);
    const { quantity, unitPrice, amount } = line;
    let x = MARGIN + this.descriptionWidth + GAP;
    for (const [text, width] of [
      [quantity, COLUMNS.quantity],
      [unitPrice, COLUMNS.unitPrice],
      [amount, COLUMNS.amount],
    ] as const) {
      this.fit(text, x + 6, this.y, width - 6);
      x += width;
    }
    this.y += height + 1;
    for (const detail of line.details) {
      this.room(this.height(detail, this.detailWidth, SMALL));
      this.y += this.write(detail, MARGIN + 8, this.y, this.detailWidth, { size: SMALL, color: GREY });
    }
    this.y += 5;
  }

  private get detailWidth(): number {
    return this.width - COLUMNS.amount - 2 * GAP;
  }

  /** Of a line and its first detail: what has to stay together. */
  private rowHeight({ description, details }: DocumentLine): number {
    const detail = details[0] === undefined ? 0 : this.height(details[0], this.detailWidth, SMALL);
    return this.height(description, this.descriptionWidth, NORMAL) + detail + 6;
  }

  /** Turns the page unless this much fits on it. */
  private room(height: number): void {
    if (this.y + height <= this.pdf.page.height - FOOTER) return;
    this.pdf.addPage();
    this.y = MARGIN;
    if (this.inTable) this.tableHead();
  }

  private rule(color: string, width: number): void {
    this.pdf
      .moveTo(MARGIN, this.y)
      .lineTo(MARGIN + this.width, this.y)
      .lineWidth(width)
      .strokeColor(color)
      .stroke();
  }

  private height(text: string, width: number, size: number): number {
    return this.pdf.font('regular').fontSize(size).heightOfString(text, { width });
  }

  /** Writes text into a column; its height. */
  private write(
    text: string,
    x: number,
    y: number,
    width: number,
    { font = 'regular', size = NORMAL, color = BLACK, align = 'left' }: TextStyle = {},
  ): number {
    this.pdf.font(font).fontSize(size).fillColor(color).text(text, x, y, { width, align });
    return this.pdf.heightOfString(text, { width });
  }

  /** A number, on one line at the right of its column, however long it is. */
  private fit(text: string, x: number, y: number, width: number, font: 'regular' | 'bold' = 'regular'): void {
    this.pdf.font(font).fontSize(NORMAL);
    const size = Math.min(NORMAL, (NORMAL * width) / Math.max(1, this.pdf.widthOfString(text)) - 0.01);
    this.pdf.fontSize(size).fillColor(BLACK);
    const left = x + width - this.pdf.widthOfString(text);
    this.pdf.text(text, left, y, { lineBreak: false });
  }
}

interface TextStyle {
  font?: 'regular' | 'bold';
  size?: number;
  color?: string;
  align?: 'left' | 'right';
}
