import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { domainErrorOf } from '../../platform/database/constraint-errors.js';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { DomainError, invalid, notFound } from '../../shared/errors.js';
import type { Aggregation, MeterFilter } from './domain/index.js';
import { validateMeter } from './domain/meter.js';
import { IngestionDirectory } from './ingestion-directory.js';
import { Meter } from './meter.entity.js';

export interface CreateMeterInput {
  name: string;
  aggregation: Aggregation;
  valueProperty?: string | null;
  unit?: string | null;
  carriesOver?: boolean | null;
  allowsNegative?: boolean | null;
  filters?: MeterFilter[] | null;
}

@Injectable()
export class MetersService {
  constructor(
    private readonly clock: Clock,
    private readonly directory: IngestionDirectory,
  ) {}

  /** `field` prefixes the names of fields in errors, for a meter that is created inside something else. */
  async create(tx: EntityManager, input: CreateMeterInput, field = ''): Promise<Meter> {
    const definition = {
      name: input.name,
      aggregation: input.aggregation,
      valueProperty: input.valueProperty ?? null,
      unit: input.unit ?? null,
      carriesOver: input.carriesOver ?? false,
      allowsNegative: input.allowsNegative ?? false,
      filters: (input.filters ?? []).map(({ property, values }) => ({ property, values })),
    };
    validateMeter(definition, field);
    const meter: Meter = {
      ...definition,
      organizationId: organizationOf(tx),
      id: newId(),
      token: newId(),
      archivedAt: null,
      createdAt: this.clock.now(),
    };
    await tx.insert(Meter, meter).catch((error: unknown) => {
      throw prefixed(domainErrorOf(error), field);
    });
    return meter;
  }

  /** Archives a meter: it takes no more events. What it has counted stays billable. */
  async archive(tx: EntityManager, id: string): Promise<Meter> {
    const meter = await this.get(tx, id);
    if (meter.archivedAt) return meter;
    meter.archivedAt = this.clock.now();
    await tx.update(Meter, { organizationId: meter.organizationId, id }, { archivedAt: meter.archivedAt });
    this.directory.forget();
    return meter;
  }

  async find(tx: EntityManager, by: { id?: string | null; token?: string | null; name?: string | null }): Promise<Meter | null> {
    const organizationId = organizationOf(tx);
    if (typeof by.id === 'string') return isId(by.id) ? tx.findOneBy(Meter, { organizationId, id: by.id }) : null;
    if (typeof by.token === 'string') return isId(by.token) ? tx.findOneBy(Meter, { organizationId, token: by.token }) : null;
    if (typeof by.name === 'string') return tx.findOneBy(Meter, { organizationId, name: by.name });
    throw invalid('id', 'Give id, token or name.');
  }

  async get(tx: EntityManager, id: string): Promise<Meter> {
    const meter = await this.find(tx, { id });
    if (!meter) throw notFound('Meter');
    return meter;
  }
}

/** The error of something inside something else, its field named from there. */
const prefixed = (error: unknown, prefix: string): unknown =>
  error instanceof DomainError && error.field !== undefined
    ? new DomainError(error.code, error.message, `${prefix}${error.field}`, error.details)
    : error;
