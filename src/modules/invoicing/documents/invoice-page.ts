import { createHash } from 'node:crypto';
import { html, Html } from '../../../shared/html.js';
import type { Entry, InvoiceDocument, PartyBlock, RecordList, Total } from '../domain/invoice-document.js';

export interface InvoicePage {
  body: string;
  /** The page may load nothing and run nothing: its one style sheet is named by its hash. */
  contentSecurityPolicy: string;
}

const STYLE = `
body { margin: 0; background: #f3f4f6; color: #111827; font: 15px/1.5 system-ui, 'Noto Sans', sans-serif; }
main { max-width: 52rem; margin: 2rem auto; padding: 2.5rem; background: #fff; border-top: 4px solid var(--brand); }
header, .parties { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 1rem 2rem; }
h1, header p { margin: 0; font-size: 1.5rem; color: var(--brand); }
h2, dt, th { font-size: .8rem; font-weight: 500; color: #6b7280; }
h2 { margin: 0 0 .25rem; }
.parties { margin: 1.5rem 0; }
.parties section { flex: 1 1 12rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; margin: 0; }
dd { margin: 0; text-align: right; }
.stamp { font-weight: 700; color: #b91c1c; }
table { width: 100%; border-collapse: collapse; margin-bottom: 1.5rem; }
th { text-align: left; border-bottom: 1px solid #d1d5db; }
td { padding: .3rem 0; vertical-align: top; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; white-space: nowrap; padding-left: 1rem; }
tbody th { padding-top: .8rem; color: var(--brand); border: 0; font-weight: 700; }
small { display: block; color: #6b7280; }
.totals { width: auto; margin-left: auto; min-width: 50%; }
.memo { white-space: pre-wrap; color: #6b7280; }
@media print { body { background: #fff; } main { margin: 0; padding: 0; max-width: none; } .screen { display: none; } }
`;

/** The invoice as a page that is complete in itself. */
export function invoicePage(document: InvoiceDocument, pdfUrl: string): InvoicePage {
  const style = `:root { --brand: ${document.color}; }${STYLE}`;
  const hash = createHash('sha256').update(style).digest('base64');
  const title = [document.title, document.number].filter(Boolean).join(' ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} – ${document.seller.name}</title>
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          ${headOf(document)} ${tableOf(document)} ${totalsOf(document.totals)}
          ${document.taxNote === null ? null : html`<p>${document.taxNote}</p>`} ${document.records.map(recordsOf)}
          ${document.memo === null ? null : html`<p class="memo">${document.memo}</p>`}
          <p class="screen"><a href="${pdfUrl}">Download as PDF</a></p>
        </main>
      </body>
    </html>`;
  return {
    body: page.text,
    contentSecurityPolicy: `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}

const headOf = ({ title, stamp, seller, buyer, facts }: InvoiceDocument): Html =>
  html` <header>
      <p>${seller.name}</p>
      <h1>${title}${stamp === null ? null : html` <span class="stamp">${stamp}</span>`}</h1>
    </header>
    <div class="parties">
      ${partyOf('From', seller)} ${partyOf('Bill to', buyer)}
      <section>
        <dl>
          ${facts.map(
            ({ label, value }: Entry) =>
              html`<dt>${label}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
      </section>
    </div>`;

const partyOf = (heading: string, { name, lines }: PartyBlock): Html =>
  html` <section>
    <h2>${heading}</h2>
    <strong>${name}</strong>${lines.map((line) => html`<br />${line}`)}
  </section>`;

const tableOf = ({ groups }: InvoiceDocument): Html =>
  html` <table>
    <thead>
      <tr>
        <th>Description</th>
        <th class="number">Quantity</th>
        <th class="number">Unit price</th>
        <th class="number">Amount</th>
      </tr>
    </thead>
    ${groups.map(
      ({ heading, lines }) =>
        html` <tbody>
          ${
            heading === ''
              ? null
              : html`<tr>
                  <th colspan="4">${heading}</th>
                </tr>`
          }
          ${lines.map(
            ({ description, details, quantity, unitPrice, amount }) =>
              html` <tr>
                <td>${description}${details.map((detail) => html`<small>${detail}</small>`)}</td>
                <td class="number">${quantity}</td>
                <td class="number">${unitPrice}</td>
                <td class="number">${amount}</td>
              </tr>`,
          )}
        </tbody>`,
    )}
  </table>`;

const totalsOf = (totals: Total[]): Html =>
  html` <table class="totals">
    ${totals.map(({ label, value, isStrong }) =>
      isStrong
        ? html`<tr>
            <td><strong>${label}</strong></td>
            <td class="number"><strong>${value}</strong></td>
          </tr>`
        : html`<tr>
            <td>${label}</td>
            <td class="number">${value}</td>
          </tr>`,
    )}
  </table>`;

const recordsOf = ({ heading, entries }: RecordList): Html =>
  html` <h2>${heading}</h2>
    <table>
      ${entries.map(
        ({ date, text, amount }) =>
          html`<tr>
            <td>${date}</td>
            <td>${text}</td>
            <td class="number">${amount}</td>
          </tr>`,
      )}
    </table>`;
