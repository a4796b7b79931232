import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { limitOf, organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { plainJson } from '../../platform/json.js';
import type { Address } from '../../shared/address.js';
import { Clock } from '../../shared/clock.js';
import { isCountry } from '../../shared/contact.js';
import { conflict, invalid, notFound } from '../../shared/errors.js';
import { minorUnitDigits } from '../../shared/money.js';
import { OrganizationsService, TestClocksService } from '../organizations/index.js';
import { Customer } from './customer.entity.js';
import { checkReverseCharge, validateCustomer } from './domain/validate-customer.js';
import { PartnerCustomer } from './partner-customer.entity.js';

export interface CreateCustomerInput extends UpdateCustomerInput {
  externalId: string;
  testClockId?: string | null;
}

/** A field that is undefined stays as it is; null clears it. */
export interface UpdateCustomerInput {
  externalId?: string;
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  timeZone?: string | null;
  currency?: string | null;
  locale?: string | null;
  billingAddress?: Address | null;
  taxId?: string | null;
  taxExempt?: boolean | null;
  reverseCharge?: boolean | null;
  consolidate?: boolean | null;
  graceMinutes?: number | null;
  paymentTermsDays?: number | null;
  metadata?: object | null;
  /** The revision that the change is meant for; left out: whatever there is. */
  expectedRevision?: number | null;
}

@Injectable()
export class CustomersService {
  constructor(
    private readonly clock: Clock,
    private readonly organizations: OrganizationsService,
    private readonly testClocks: TestClocksService,
  ) {}

  async create(tx: EntityManager, input: CreateCustomerInput): Promise<Customer> {
    check(input);
    checkReverseCharge(input);
    if (typeof input.testClockId === 'string') await this.testClocks.get(tx, input.testClockId);
    const now = this.clock.now();
    const customer = tx.create(Customer, {
      ...pick(input),
      organizationId: organizationOf(tx),
      id: newId(),
      externalId: input.externalId,
      taxExempt: input.taxExempt ?? false,
      reverseCharge: input.reverseCharge ?? false,
      consolidate: input.consolidate ?? false,
      metadata: plainJson(input.metadata ?? {}),
      testClockId: input.testClockId ?? null,
      createdAt: now,
      updatedAt: now,
    });
    await this.takeOn(tx, customer.id, now);
    await tx.insert(Customer, customer);
    return this.get(tx, customer.id);
  }

  /** A partner app has the customers that it creates. */
  private async takeOn(tx: EntityManager, customerId: string, grantedAt: Date): Promise<void> {
    const limit = limitOf(tx);
    if (!limit || !('partnerAppId' in limit)) return;
    const { partnerAppId } = limit;
    await tx.insert(PartnerCustomer, { organizationId: organizationOf(tx), partnerAppId, customerId, grantedAt });
  }

  async update(tx: EntityManager, id: string, input: UpdateCustomerInput): Promise<Customer> {
    check(input);
    const { expectedRevision: revision } = input;
    const customer = await this.get(tx, id);
    const changes = {
      ...pick(input),
      ...(input.externalId === undefined ? {} : { externalId: input.externalId }),
      ...(typeof input.taxExempt === 'boolean' ? { taxExempt: input.taxExempt } : {}),
      ...(typeof input.reverseCharge === 'boolean' ? { reverseCharge: input.reverseCharge } : {}),
      ...(typeof input.consolidate === 'boolean' ? { consolidate: input.consolidate } : {}),
      ...(input.metadata === undefined ? {} : { metadata: plainJson(input.metadata ?? {}) }),
    };
    checkReverseCharge({ ...customer, ...changes });
    const { affected } = await tx.update(
      Customer,
      { organizationId: customer.organizationId, id, ...(typeof revision === 'number' ? { revision } : {}) },
      { ...changes, provisional: false, updatedAt: this.clock.now(), revision: () => 'revision + 1' },
    );
    if (affected === 0) throw conflict('The customer was changed by somebody else: read it again.', 'expectedRevision');
    return this.get(tx, id);
  }

  /** Archives a customer: it cannot be subscribed any more. Its running subscriptions are not touched. */
  async archive(tx: EntityManager, id: string): Promise<Customer> {
    const customer = await this.get(tx, id);
    if (customer.archivedAt) return customer;
    await tx.update(
      Customer,
      { organizationId: customer.organizationId, id },
      { archivedAt: this.clock.now(), revision: () => 'revision + 1' },
    );
    return this.get(tx, id);
  }

  async find(tx: EntityManager, by: { id?: string | null; externalId?: string | null }): Promise<Customer | null> {
    if (typeof by.id === 'string')
      return isId(by.id) ? tx.findOneBy(Customer, { organizationId: organizationOf(tx), id: by.id }) : null;
    if (typeof by.externalId === 'string')
      return tx.findOneBy(Customer, { organizationId: organizationOf(tx), externalId: by.externalId });
    throw invalid('id', 'Give id or externalId.');
  }

  async get(tx: EntityManager, id: string): Promise<Customer> {
    const customer = await this.find(tx, { id });
    if (!customer) throw notFound('Customer');
    return customer;
  }

  /** The customer that new business may be done with, by id or external id. */
  async getActive(tx: EntityManager, by: { id?: string | null; externalId?: string | null }): Promise<Customer> {
    const customer = await this.find(tx, by);
    if (!customer) throw notFound('Customer');
    if (customer.archivedAt) throw conflict('The customer is archived.', 'customerId');
    return customer;
  }

  /** *Now* of a customer: its test clock's time, or the real time. */
  now(tx: EntityManager, customer: Pick<Customer, 'testClockId'>): Promise<Date> {
    return this.testClocks.now(tx, customer.testClockId);
  }

  /** The zone of a customer's calendar (billing-rules §1.6): its own, else the organization's. */
  async timeZone(tx: EntityManager, customer: Pick<Customer, 'timeZone'>): Promise<string> {
    return customer.timeZone ?? (await this.organizations.get(tx)).timeZone;
  }
}

const check = (input: UpdateCustomerInput): void => validateCustomer(input, isCountry, (code) => minorUnitDigits(code) !== null);

/** The fields that are stored as they are given. */
const pick = (input: UpdateCustomerInput): Partial<Customer> => {
  const { name, email, phone, timeZone, currency, locale, billingAddress, taxId, graceMinutes, paymentTermsDays } = input;
  const given = { name, email, phone, timeZone, currency, locale, billingAddress, taxId, graceMinutes, paymentTermsDays };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
};
