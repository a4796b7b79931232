import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Notifications } from '../../platform/database/notifications.js';
import { CHANGES } from '../../platform/database/changes.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { OrganizationsService, type Organization } from '../organizations/index.js';
import type { UsageEventInput } from './domain/index.js';
import type { Meter } from './meter.entity.js';
import {
  createProvisionalCustomers,
  findOpenCustomers,
  loadClockTimes,
  lookUpCustomers,
  type IngestionCustomer,
} from './queries/load-ingestion-customers.query.js';
import { loadMetersByName } from './queries/load-meters-by-name.query.js';

/** What is kept of an organization. Only what exists is kept: what is not known is looked for each time. */
interface Known {
  organization: Organization;
  metersByToken: Map<string, Meter>;
  metersByName: Map<string, Meter>;
  freshUntil: number;
}

/** Tables that this keeps copies of. */
const COPIED = ['organizations', 'meters', 'customers'];
const SETTINGS_TTL_MS = 1_000;
const CUSTOMERS_TTL_MS = 600_000;
const MAX_CUSTOMERS = 200_000;

/**
 * Organizations, meters and customers as ingestion needs them, kept in memory: without it each request would ask the database
 * more than it writes. A change anywhere is told to all processes with its commit (triggers of the usage migration) and
 * empties what it concerns; should that message be lost, meters and settings are at most a second old (of a customer only its clock could change, and that is set once). While the process
 * does not hear the database, nothing is kept.
 */
@Injectable()
export class IngestionDirectory {
  private organizations = new Map<string, Known>();
  /** By organization, then external id. */
  private customers = new Map<string, Map<string, IngestionCustomer>>();
  private customersKept = 0;
  private customersUntil = 0;
  /** Counts what made copies stale: a load that began before must not be kept. */
  private generation = 0;

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly settings: OrganizationsService,
    private readonly clock: Clock,
  ) {
    notifications.on(CHANGES, (table) => {
      if (COPIED.includes(table)) this.forget();
    });
    notifications.onGap(() => this.forget());
  }

  forget(): void {
    this.generation += 1;
    this.organizations = new Map();
    this.forgetCustomers();
  }

  /** The organization's settings, and the meters that these events name. */
  async meters(
    organizationId: string,
    events: readonly UsageEventInput[],
  ): Promise<{ organization: Organization; meterOf: (event: UsageEventInput) => Meter | undefined }> {
    let known = this.organizations.get(organizationId);
    if (!known || known.freshUntil < performance.now() || events.some((event) => !meterIn(known as Known, event))) {
      known = await this.load(organizationId, events, known);
    }
    const found = known;
    return { organization: found.organization, meterOf: (event) => meterIn(found, event) };
  }

  /** Customers by external id; those that nobody knows are missing. */
  async customersOf(organizationId: string, externalIds: readonly string[]): Promise<Map<string, IngestionCustomer>> {
    if (this.customersUntil < performance.now() || this.customersKept > MAX_CUSTOMERS) this.forgetCustomers();
    const kept = this.customers.get(organizationId);
    const found = new Map<string, IngestionCustomer>();
    const missing = new Set<string>();
    for (const externalId of externalIds) {
      const customer = kept?.get(externalId);
      if (customer) found.set(externalId, customer);
      else missing.add(externalId);
    }
    if (missing.size > 0) {
      await this.keep(organizationId, found, (id) => this.lookUp(id, [...missing]));
    }
    return found;
  }

  /** Creates customers that usage named, unless somebody was faster, and adds them to `found`. */
  async createCustomers(organizationId: string, externalIds: string[], found: Map<string, IngestionCustomer>): Promise<void> {
    await this.keep(organizationId, found, async (id) => {
      await this.database.transaction(id, (tx) => createProvisionalCustomers(tx, externalIds, this.clock.now()));
      return this.lookUp(id, externalIds);
    });
  }

  /** The present time of the test clocks that customers live by. Never kept: a clock may just have been advanced. */
  async clockTimes(organizationId: string, customers: Iterable<IngestionCustomer>): Promise<Map<string, Date>> {
    const ids = new Set<string>();
    for (const { testClockId } of customers) if (testClockId !== null) ids.add(testClockId);
    return ids.size === 0 ? new Map() : this.database.transaction(organizationId, (tx) => loadClockTimes(tx, [...ids]));
  }

  /** Leaves out of `found` what a limited actor may not see: to them these customers do not exist. */
  async keepOpen(actor: Actor, found: Map<string, IngestionCustomer>): Promise<void> {
    if (!actor.limit || found.size === 0) return;
    const ids = [...found.values()].map(({ id }) => id);
    const open = await this.database.read(actor, (tx) => findOpenCustomers(tx, ids));
    for (const [externalId, { id }] of found) if (!open.has(id)) found.delete(externalId);
  }

  private lookUp(organizationId: string, externalIds: string[]): Promise<IngestionCustomer[]> {
    return this.database.statement('look up customers of usage', lookUpCustomers(organizationId, externalIds));
  }

  private forgetCustomers(): void {
    this.customers = new Map();
    this.customersKept = 0;
    this.customersUntil = performance.now() + CUSTOMERS_TTL_MS;
  }

  private async keep(
    organizationId: string,
    found: Map<string, IngestionCustomer>,
    load: (organizationId: string) => Promise<IngestionCustomer[]>,
  ): Promise<void> {
    const { generation } = this;
    const customers = await load(organizationId);
    for (const customer of customers) found.set(customer.externalId, customer);
    if (!this.notifications.isListening || generation !== this.generation) return;
    const kept = this.customers.get(organizationId) ?? new Map<string, IngestionCustomer>();
    this.customers.set(organizationId, kept);
    for (const customer of customers) kept.set(customer.externalId, customer);
    this.customersKept += customers.length;
  }

  private async load(organizationId: string, events: readonly UsageEventInput[], before: Known | undefined): Promise<Known> {
    const { generation } = this;
    const known = await this.database.transaction(organizationId, async (tx): Promise<Known> => {
      const organization = await this.settings.get(tx);
      const meters = await loadMetersByName(tx, events);
      const isFresh = before && before.freshUntil >= performance.now() && generation === this.generation;
      return {
        organization,
        metersByToken: new Map([...(isFresh ? before.metersByToken : []), ...meters.byToken]),
        metersByName: new Map([...(isFresh ? before.metersByName : []), ...meters.byName]),
        freshUntil: isFresh ? before.freshUntil : performance.now() + SETTINGS_TTL_MS,
      };
    });
    if (this.notifications.isListening && generation === this.generation) this.organizations.set(organizationId, known);
    return known;
  }
}

const meterIn = (known: Known, event: UsageEventInput): Meter | undefined =>
  event.meterToken ? known.metersByToken.get(event.meterToken.toLowerCase()) : known.metersByName.get(event.meterName ?? '');
