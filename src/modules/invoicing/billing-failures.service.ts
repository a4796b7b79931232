import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database, organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { Log } from '../../platform/log.js';
import type { Actor } from '../../shared/actor.js';
import { TestClocksService } from '../organizations/index.js';
import { SubscriptionsService, type Subscription } from '../subscriptions/index.js';
import { BillingFailure, type BillingStep } from './billing-failure.entity.js';
import { BillingService } from './billing.service.js';
import { billingParked } from './invoice.events.js';
import { isolate } from './isolate.js';
import { forgetFailures, noteFailure } from './queries/billing-failures.query.js';

const MAX_MESSAGE = 1_000;

/** What billing could not do: noted, tried again later, and after three times in a row left to a person (docs/billing-rules.md §9). */
@Injectable()
export class BillingFailuresService {
  constructor(
    private readonly database: Database,
    private readonly log: Log,
    private readonly events: DomainEvents,
    private readonly subscriptions: SubscriptionsService,
    private readonly testClocks: TestClocksService,
    private readonly billing: BillingService,
  ) {}

  /** Notes that a step failed, for a subscription (BILL) or a draft (FINALIZE), and when it is tried again. */
  async note(tx: EntityManager, step: BillingStep, id: string, error: unknown, now: Date): Promise<void> {
    const noted = await noteFailure(tx, step, id, now);
    if (!noted) return;
    const { subscriptionId, attempt, retryAt } = noted;
    const organizationId = organizationOf(tx);
    const invoiceId = step === 'FINALIZE' ? id : null;
    const message = messageOf(error);
    const failure = { organizationId, id: newId(), subscriptionId, invoiceId, step, attempt, message, failedAt: now, retryAt };
    await tx.insert(BillingFailure, failure);
    this.log.error({ err: error, organizationId, subscriptionId, invoiceId, attempt, retryAt }, `could not ${WHAT[step]}`);
    if (retryAt !== null) return;
    this.log.error({ organizationId, subscriptionId, invoiceId }, 'billing is parked until retryBilling takes it up again');
    await this.events.emit(billingParked, tx, { organizationId, subscriptionId, invoiceId, message });
  }

  /**
   * Takes up a subscription's billing again: what is due is billed at once, its drafts are finalized by the next run. A transaction each:
   * if it fails once more, that is noted, and it is tried again as after a first failure.
   */
  async retry(actor: Actor, subscriptionId: string): Promise<Subscription> {
    const now = await this.database.transaction(actor, async (tx) => {
      const { testClockId } = await this.subscriptions.lock(tx, subscriptionId);
      await forgetFailures(tx, subscriptionId);
      return this.testClocks.now(tx, testClockId);
    });
    const bill = async (tx: EntityManager): Promise<void> => {
      await this.subscriptions.lock(tx, subscriptionId);
      await this.billing.catchUp(tx, subscriptionId, (dueAt) => dueAt <= now);
    };
    await isolate(
      [subscriptionId],
      () => this.database.transaction(actor, bill),
      (id, error) => this.database.transaction(actor, (tx) => this.note(tx, 'BILL', id, error, now)),
    );
    return this.database.transaction(actor, (tx) => this.subscriptions.get(tx, subscriptionId));
  }
}

const WHAT: Record<BillingStep, string> = { BILL: 'bill a subscription', FINALIZE: 'finalize a draft' };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, MAX_MESSAGE);
