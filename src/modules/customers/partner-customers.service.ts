import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { Clock } from '../../shared/clock.js';
import { PartnerAppsService } from '../organizations/index.js';
import type { Customer } from './customer.entity.js';
import { CustomersService } from './customers.service.js';
import { PartnerCustomer } from './partner-customer.entity.js';

/** Which customers a partner app may touch, beside those that it creates. */
@Injectable()
export class PartnerCustomersService {
  constructor(
    private readonly clock: Clock,
    private readonly customers: CustomersService,
    private readonly partnerApps: PartnerAppsService,
  ) {}

  /** Granting twice is granting once. */
  async grant(tx: EntityManager, partnerAppId: string, customerId: string): Promise<Customer> {
    const app = await this.partnerApps.getActive(tx, partnerAppId);
    const customer = await this.customers.get(tx, customerId);
    const row: PartnerCustomer = {
      organizationId: organizationOf(tx),
      partnerAppId: app.id,
      customerId: customer.id,
      grantedAt: this.clock.now(),
    };
    await tx.createQueryBuilder().insert().into(PartnerCustomer).values(row).orIgnore().execute();
    return customer;
  }

  /** Takes the customer from the app, also one that it created. */
  async revoke(tx: EntityManager, partnerAppId: string, customerId: string): Promise<Customer> {
    const app = await this.partnerApps.get(tx, partnerAppId);
    const customer = await this.customers.get(tx, customerId);
    await tx.delete(PartnerCustomer, {
      organizationId: organizationOf(tx),
      partnerAppId: app.id,
      customerId: customer.id,
    });
    return customer;
  }
}
