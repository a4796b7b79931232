import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { DomainError, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { Organization } from './organization.entity.js';
import { TestClock } from './test-clock.entity.js';

@Injectable()
export class TestClocksService {
  constructor(private readonly clock: Clock) {}

  async create(tx: EntityManager, now: Date, name: string | null): Promise<TestClock> {
    checkText('name', name);
    const organization = await tx.findOneByOrFail(Organization, { id: organizationOf(tx) });
    if (organization.mode !== 'TEST') throw new DomainError('FORBIDDEN', 'Test clocks exist in organizations in TEST mode only.');
    const clock: TestClock = { organizationId: organization.id, id: newId(), name, now, createdAt: this.clock.now() };
    await tx.insert(TestClock, clock);
    return clock;
  }

  async get(tx: EntityManager, id: string): Promise<TestClock> {
    const clock = isId(id) ? await tx.findOneBy(TestClock, { organizationId: organizationOf(tx), id }) : null;
    if (!clock) throw notFound('Test clock');
    return clock;
  }

  /** Takes the row lock of the clock: one advance at a time. */
  async lock(tx: EntityManager, id: string): Promise<TestClock> {
    const clock = isId(id)
      ? await tx.findOne(TestClock, { where: { organizationId: organizationOf(tx), id }, lock: { mode: 'for_no_key_update' } })
      : null;
    if (!clock) throw notFound('Test clock');
    return clock;
  }

  async set(tx: EntityManager, id: string, now: Date): Promise<void> {
    await tx.update(TestClock, { organizationId: organizationOf(tx), id }, { now });
  }

  /** *Now* for whoever is attached to this clock; the real time when the id is null. */
  async now(tx: EntityManager, testClockId: string | null): Promise<Date> {
    return testClockId === null ? this.clock.now() : (await this.get(tx, testClockId)).now;
  }
}
