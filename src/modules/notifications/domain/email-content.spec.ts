import { describe, expect, it } from '@jest/globals';
import { SENDABLE, type EmailKind } from './email.js';
import { emailContent, type EmailSubject } from './email-content.js';

const INVOICE: EmailSubject = {
  number: 'INV-2026-0001',
  seller: { name: 'Acme' },
  buyer: { name: 'Ada & Co.' },
  color: '#0e7490',
  total: '$100.00',
  amountDue: '$40.00',
  dueOn: 'Mar 3, 2026',
  paidOn: null,
  isPaid: false,
  isOverdue: false,
  link: 'https://billing.example.com/i/1',
};

describe('a mail', () => {
  it.each<[string, EmailKind, Partial<EmailSubject>, string, string[]]>([
    [
      'with an invoice',
      'INVOICE',
      {},
      'Invoice INV-2026-0001 from Acme',
      [
        'This is your invoice INV-2026-0001 from Acme, over $100.00. It is attached as a PDF.',
        'Please pay $40.00 by Mar 3, 2026.',
      ],
    ],
    [
      'with an invoice that is due at no time',
      'INVOICE',
      { dueOn: null },
      'Invoice INV-2026-0001 from Acme',
      ['This is your invoice INV-2026-0001 from Acme, over $100.00. It is attached as a PDF.', 'Please pay $40.00.'],
    ],
    [
      'with an invoice that is paid',
      'INVOICE',
      { isPaid: true },
      'Invoice INV-2026-0001 from Acme',
      [
        'This is your invoice INV-2026-0001 from Acme, over $100.00. It is attached as a PDF.',
        'It has been settled; nothing is to be paid.',
      ],
    ],
    [
      'before an invoice is due',
      'REMINDER',
      {},
      'Invoice INV-2026-0001 from Acme is due on Mar 3, 2026',
      [
        'Invoice INV-2026-0001 is due on Mar 3, 2026; $40.00 of it is still open.',
        'If you have paid in the meantime, please take this as settled.',
      ],
    ],
    [
      'after it was due',
      'REMINDER',
      { isOverdue: true },
      'Invoice INV-2026-0001 from Acme is overdue',
      [
        'Invoice INV-2026-0001 was due on Mar 3, 2026, and $40.00 of it is still open.',
        'If you have paid in the meantime, please take this as settled.',
      ],
    ],
    [
      'about a payment',
      'PAYMENT_RECEIVED',
      { paidOn: 'Mar 1, 2026' },
      'Payment received for invoice INV-2026-0001 from Acme',
      ['Thank you: invoice INV-2026-0001 over $100.00 has been paid in full on Mar 1, 2026.'],
    ],
    [
      'about a payment at a time that is not known',
      'PAYMENT_RECEIVED',
      {},
      'Payment received for invoice INV-2026-0001 from Acme',
      ['Thank you: invoice INV-2026-0001 over $100.00 has been paid in full.'],
    ],
  ])('%s', (_, kind, more, subject, sentences) => {
    const content = emailContent(kind, { ...INVOICE, ...more });
    expect(content.subject).toBe(subject);
    const last = ['The invoice: https://billing.example.com/i/1', 'Acme'];
    expect(content.text).toBe(`${['Hello Ada & Co.,', ...sentences, ...last].join('\n\n')}\n`);
    for (const sentence of sentences) expect(content.html).toContain(`<p style="margin:0 0 16px">${sentence}</p>`);
  });

  it('is as HTML what it is as text, with nothing in it that is not escaped', () => {
    const { html } = emailContent('INVOICE', INVOICE);
    expect(html).toContain('<title>Acme</title>');
    expect(html).toContain('<body style="margin:0;padding:24px;background:#f3f4f6;color:#111827;font:15px/1.5 sans-serif">');
    expect(html).toContain('<p style="margin:0 0 16px;font-size:18px;color:#0e7490">Acme</p>');
    expect(html).toContain('<p style="margin:0 0 16px">Hello Ada &amp; Co.,</p>');
    expect(html).toContain('<a href="https://billing.example.com/i/1" style="color:#0e7490">Look at the invoice</a>');
    expect(html).toContain('border-top:4px solid #0e7490');
  });
});

describe('a mail is sent', () => {
  const STATUSES = ['DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE'];
  it.each<[EmailKind, string[]]>([
    ['INVOICE', ['OPEN', 'PAID', 'UNCOLLECTIBLE']],
    ['REMINDER', ['OPEN']],
    ['PAYMENT_RECEIVED', ['PAID']],
  ])('%s: while the invoice is %j', (kind, statuses) => {
    expect(STATUSES.filter((status) => SENDABLE[kind].includes(status))).toEqual(statuses);
  });
});
