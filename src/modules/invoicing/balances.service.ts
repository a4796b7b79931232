import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, ZERO, type Decimal } from '../../shared/decimal.js';
import { conflict, invalid } from '../../shared/errors.js';
import { minorUnitDigits, requireMinorUnits } from '../../shared/money.js';
import { checkText } from '../../shared/text.js';
import { CustomersService, type Customer } from '../customers/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { BalanceEntry, type BalanceReason } from './balance-entry.entity.js';
import { loadBalance, lockCustomer } from './queries/finalize-invoice.query.js';

/** What becomes an entry of the ledger. */
export interface BalanceChange {
  customerId: string;
  currency: string;
  /** Positive: credited; negative: used. */
  amount: Decimal;
  reason: BalanceReason;
  invoiceId?: string;
  creditNoteId?: string;
  refundId?: string;
  memo?: string | null;
  actor?: string;
}

export interface AdjustBalanceInput {
  amount: string;
  currency?: string | null;
  memo?: string | null;
}

/** Customers' credit. Its ledger is only ever added to, and no customer's sum falls below 0. */
@Injectable()
export class BalancesService {
  constructor(
    private readonly clock: Clock,
    private readonly organizations: OrganizationsService,
    private readonly customers: CustomersService,
  ) {}

  /** Adds an entry, under the customer's lock. What is used must be there. */
  async record(tx: EntityManager, { amount, ...change }: BalanceChange): Promise<BalanceEntry> {
    const { customerId, currency } = change;
    await lockCustomer(tx, customerId);
    if (amount.isNegative()) {
      const left = await loadBalance(tx, customerId, currency);
      if (left.plus(amount).isNegative()) throw conflict(`The balance is ${decimalText(left)} ${currency}.`, 'amount');
    }
    const entry: BalanceEntry = {
      memo: null,
      actor: null,
      invoiceId: null,
      creditNoteId: null,
      refundId: null,
      ...change,
      organizationId: organizationOf(tx),
      id: newId(),
      amount: decimalText(amount),
      createdAt: this.clock.now(),
    };
    await tx.insert(BalanceEntry, entry);
    return entry;
  }

  /** Credits (positive) or debits (negative) a customer by hand. */
  async adjust(tx: EntityManager, actor: Actor, customerId: string, input: AdjustBalanceInput): Promise<BalanceEntry> {
    checkText('memo', input.memo, { most: 1_000, lines: true });
    const customer = await this.customers.get(tx, customerId);
    const currency = await this.currencyOf(tx, customer, input.currency ?? null);
    const amount = decimal(input.amount);
    if (amount.equals(ZERO)) throw invalid('amount', 'amount must not be 0.');
    requireMinorUnits('amount', amount, currency);
    const { memo } = input;
    return this.record(tx, { customerId, currency, amount, reason: 'ADJUSTMENT', memo: memo ?? null, actor: actor.name });
  }

  /** The currency that is named, else the customer's, else the organization's. */
  async currencyOf(tx: EntityManager, customer: Customer, named: string | null): Promise<string> {
    const currency = named ?? customer.currency ?? (await this.organizations.get(tx)).currency;
    if (currency === null) throw invalid('currency', 'Name a currency: neither the customer nor the organization has one.');
    if (minorUnitDigits(currency) === null) throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
    return currency;
  }
}
