import { html, type Html } from '../../../shared/html.js';
import type { EmailKind } from './email.js';

/** What mails speak of: an invoice's document, as far as they need it. */
export interface EmailSubject {
  number: string | null;
  seller: { name: string };
  buyer: { name: string };
  color: string;
  total: string;
  amountDue: string;
  dueOn: string | null;
  paidOn: string | null;
  isPaid: boolean;
  /** At the moment the mail is about. */
  isOverdue: boolean;
  link: string;
}

export interface EmailContent {
  subject: string;
  text: string;
  html: string;
}

/** A mail in plain text and as HTML; both say the same. */
export function emailContent(kind: EmailKind, invoice: EmailSubject): EmailContent {
  const { subject, sentences } = WORDS[kind](invoice);
  const { seller, buyer, link, color } = invoice;
  const greeting = `Hello ${buyer.name},`;
  const text = [greeting, ...sentences, `The invoice: ${link}`, seller.name].join('\n\n');
  const paragraphs = sentences.map((sentence) => html`<p style="${PARAGRAPH}">${sentence}</p>`);
  return { subject, text: `${text}\n`, html: frame(color, seller.name, greeting, paragraphs, link).text };
}

interface Words {
  subject: string;
  sentences: string[];
}

const WORDS: Readonly<Record<EmailKind, (invoice: EmailSubject) => Words>> = {
  INVOICE: ({ number, seller, total, amountDue, dueOn, isPaid }) => ({
    subject: `Invoice ${number} from ${seller.name}`,
    sentences: [
      `This is your invoice ${number} from ${seller.name}, over ${total}. It is attached as a PDF.`,
      isPaid ? 'It has been settled; nothing is to be paid.' : `Please pay ${amountDue}${dueOn === null ? '' : ` by ${dueOn}`}.`,
    ],
  }),
  REMINDER: ({ number, seller, amountDue, dueOn, isOverdue }) => ({
    subject: isOverdue
      ? `Invoice ${number} from ${seller.name} is overdue`
      : `Invoice ${number} from ${seller.name} is due on ${dueOn}`,
    sentences: [
      isOverdue
        ? `Invoice ${number} was due on ${dueOn}, and ${amountDue} of it is still open.`
        : `Invoice ${number} is due on ${dueOn}; ${amountDue} of it is still open.`,
      'If you have paid in the meantime, please take this as settled.',
    ],
  }),
  PAYMENT_RECEIVED: ({ number, seller, total, paidOn }) => ({
    subject: `Payment received for invoice ${number} from ${seller.name}`,
    sentences: [`Thank you: invoice ${number} over ${total} has been paid in full${paidOn === null ? '' : ` on ${paidOn}`}.`],
  }),
};

const PARAGRAPH = 'margin:0 0 16px';
const BODY = 'margin:0;padding:24px;background:#f3f4f6;color:#111827;font:15px/1.5 sans-serif';

/** Mail programs know tables and inline styles, and load nothing. */
function frame(color: string, sellerName: string, greeting: string, paragraphs: Html[], link: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${sellerName}</title>
      </head>
      <body style="${BODY}">
        <table
          role="presentation"
          width="100%"
          style="max-width:560px;margin:0 auto;background:#ffffff;border-top:4px solid ${color}"
        >
          <tr>
            <td style="padding:32px">
              <p style="${PARAGRAPH};font-size:18px;color:${color}">${sellerName}</p>
              <p style="${PARAGRAPH}">${greeting}</p>
              ${paragraphs}
              <p style="${PARAGRAPH}"><a href="${link}" style="color:${color}">Look at the invoice</a></p>
            </td>
          </tr>
        </table>
      </body>
    </html>`;
}
