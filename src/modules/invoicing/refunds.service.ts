import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, min, ZERO, type Decimal } from '../../shared/decimal.js';
import { conflict, DomainError, invalid, notFound } from '../../shared/errors.js';
import { requireMinorUnits } from '../../shared/money.js';
import { checkText } from '../../shared/text.js';
import { CustomersService } from '../customers/index.js';
import { BalancesService } from './balances.service.js';
import { refundable } from './domain/credit-note.js';
import { lockInvoice } from './finalization.service.js';
import { Payment, type Invoice } from './invoice.entity.js';
import { loadInvoiceMoney, loadRefundablePayments } from './queries/load-invoice-money.query.js';
import { Refund } from './refund.entity.js';

export interface RecordRefundInput {
  paymentId?: string | null;
  customerId?: string | null;
  currency?: string | null;
  amount: string;
  refundedAt?: Date | null;
  method?: string | null;
  reference?: string | null;
}

/** Records of money given back. Fluxrate moves none itself. */
@Injectable()
export class RefundsService {
  constructor(
    private readonly clock: Clock,
    private readonly customers: CustomersService,
    private readonly balances: BalancesService,
  ) {}

  /** Records a refund of a payment, or of a customer's balance; never of more than there is. */
  async record(tx: EntityManager, input: RecordRefundInput): Promise<Refund> {
    checkText('method', input.method);
    checkText('reference', input.reference);
    const { paymentId, customerId } = input;
    if ((typeof paymentId === 'string') === (typeof customerId === 'string'))
      throw invalid('paymentId', 'Give either paymentId or customerId.');
    const amount = decimal(input.amount);
    if (amount.lte(ZERO)) throw invalid('amount', 'amount must be greater than 0.');
    return typeof paymentId === 'string'
      ? this.ofPayment(tx, paymentId, amount, input)
      : this.ofBalance(tx, customerId as string, amount, input);
  }

  /** Records refunds of an invoice's payments, oldest first, for a credit note. They are known to suffice. */
  async payBack(tx: EntityManager, invoice: Invoice, amount: Decimal, creditNoteId: string, at: Date): Promise<void> {
    let open = amount;
    if (open.isZero()) return;
    for (const { id: paymentId, left } of await loadRefundablePayments(tx, invoice)) {
      const part = min(open, decimal(left));
      if (part.lte(ZERO)) continue;
      await this.store(tx, { ...ofInvoice(invoice), paymentId, creditNoteId, refundedAt: at }, part, {});
      open = open.minus(part);
    }
    if (!open.isZero()) throw new Error(`The payments of invoice ${invoice.id} do not suffice.`);
  }

  private async ofPayment(tx: EntityManager, id: string, amount: Decimal, input: RecordRefundInput): Promise<Refund> {
    const payment = isId(id) ? await tx.findOneBy(Payment, { organizationId: organizationOf(tx), id }) : null;
    if (!payment) throw notFound('Payment', 'paymentId');
    const invoice = await lockInvoice(tx, payment.invoiceId);
    if (invoice.status !== 'PAID')
      throw new DomainError(
        'INVALID_TRANSITION',
        `The invoice is ${invoice.status}; payments of PAID ones are refunded. Those of a voided one are balance, and refunded as such.`,
      );
    requireMinorUnits('amount', amount, invoice.currency);
    const left = (await loadRefundablePayments(tx, invoice)).find((each) => each.id === id)?.left ?? '0';
    const most = min(decimal(left), refundable(await loadInvoiceMoney(tx, invoice)));
    if (amount.gt(most))
      throw conflict(`Only ${decimalText(most)} ${invoice.currency} of the payment can be refunded.`, 'amount');
    const now = await this.customers.now(tx, await this.customers.get(tx, invoice.customerId));
    const refundedAt = input.refundedAt ?? now;
    return this.store(tx, { ...ofInvoice(invoice), paymentId: id, creditNoteId: null, refundedAt }, amount, input);
  }

  private async ofBalance(tx: EntityManager, customerId: string, amount: Decimal, input: RecordRefundInput): Promise<Refund> {
    const customer = await this.customers.get(tx, customerId);
    const currency = await this.balances.currencyOf(tx, customer, input.currency ?? null);
    requireMinorUnits('amount', amount, currency);
    const refundedAt = input.refundedAt ?? (await this.customers.now(tx, customer));
    const of = { customerId, currency, invoiceId: null, paymentId: null, creditNoteId: null, refundedAt };
    const refund = await this.store(tx, of, amount, input);
    await this.balances.record(tx, { customerId, currency, amount: amount.negated(), reason: 'REFUND', refundId: refund.id });
    return refund;
  }

  private async store(
    tx: EntityManager,
    of: Omit<Refund, 'organizationId' | 'id' | 'amount' | 'method' | 'reference' | 'createdAt'>,
    amount: Decimal,
    { method = null, reference = null }: Pick<RecordRefundInput, 'method' | 'reference'>,
  ): Promise<Refund> {
    const own = { organizationId: organizationOf(tx), id: newId(), amount: decimalText(amount), createdAt: this.clock.now() };
    const refund: Refund = { ...of, ...own, method, reference };
    await tx.insert(Refund, refund);
    return refund;
  }
}

const ofInvoice = ({ id: invoiceId, customerId, currency }: Invoice): Pick<Refund, 'invoiceId' | 'customerId' | 'currency'> => ({
  invoiceId,
  customerId,
  currency,
});
