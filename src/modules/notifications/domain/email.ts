export type EmailKind = 'INVOICE' | 'REMINDER' | 'PAYMENT_RECEIVED';

/** KEPT: written and not handed in. SKIPPED: there was nothing to send, or nobody to send it to. FAILED: given up. */
export type EmailStatus = 'PENDING' | 'SENT' | 'KEPT' | 'SKIPPED' | 'FAILED';

export type EmailReason =
  /** KEPT: no mail server is set up, or the customer lives on a test clock. */
  | 'NO_SERVER'
  | 'TEST_CLOCK'
  /** SKIPPED: the customer has no address; the total is 0; by the time of sending the invoice was in another state. */
  | 'NO_ADDRESS'
  | 'NOTHING_DUE'
  | 'OVERTAKEN'
  /** FAILED: the server refused this mail for good, or it was tried for days. */
  | 'REFUSED'
  | 'UNREACHABLE';

/** The states an invoice may be in when a mail of a kind goes out: what has been settled meanwhile is not asked for. */
export const SENDABLE: Readonly<Record<EmailKind, readonly string[]>> = {
  INVOICE: ['OPEN', 'PAID', 'UNCOLLECTIBLE'],
  REMINDER: ['OPEN'],
  PAYMENT_RECEIVED: ['PAID'],
};
