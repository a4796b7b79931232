import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { isCountry } from '../../shared/contact.js';
import { conflict, invalid, notFound } from '../../shared/errors.js';
import { decimal, decimalText, ZERO } from '../../shared/decimal.js';
import { checkText } from '../../shared/text.js';
import { sameRegion } from './domain/tax.js';
import { lockOrganization } from './queries/lock-organization.query.js';
import { TaxRate } from './tax-rate.entity.js';

export interface CreateTaxRateInput {
  name: string;
  country: string;
  region?: string | null;
  percentage: string;
  inclusive?: boolean | null;
  validFrom?: Date | null;
  validTo?: Date | null;
}

/** The organization's tax rates. At any instant there is at most one for a country, and one for each of its regions. */
@Injectable()
export class TaxRatesService {
  constructor(private readonly clock: Clock) {}

  async create(tx: EntityManager, input: CreateTaxRateInput): Promise<TaxRate> {
    const now = this.clock.now();
    const validFrom = input.validFrom ?? now;
    const validTo = input.validTo ?? null;
    check(input);
    checkEnd(validFrom, validTo);
    const rate: TaxRate = {
      organizationId: organizationOf(tx),
      id: newId(),
      name: input.name,
      country: input.country,
      region: input.region?.trim() ?? null,
      percentage: decimalText(decimal(input.percentage)),
      inclusive: input.inclusive ?? false,
      validFrom,
      validTo,
      createdAt: now,
    };
    await lockOrganization(tx);
    await this.refuseOverlap(tx, rate);
    await tx.insert(TaxRate, rate);
    return rate;
  }

  /** Ends a rate, so that another can take over. Its percentage never changes; invoices that have it keep it. */
  async end(tx: EntityManager, id: string, at: Date | null): Promise<TaxRate> {
    await lockOrganization(tx);
    const organizationId = organizationOf(tx);
    const rate = isId(id) ? await tx.findOneBy(TaxRate, { organizationId, id }) : null;
    if (!rate) throw notFound('Tax rate');
    const validTo = at ?? this.clock.now();
    checkEnd(rate.validFrom, validTo);
    if (rate.validTo !== null && validTo > rate.validTo) throw conflict('The rate ends before that already.', 'validTo');
    await tx.update(TaxRate, { organizationId, id }, { validTo });
    return { ...rate, validTo };
  }

  private async refuseOverlap(tx: EntityManager, rate: TaxRate): Promise<void> {
    const { organizationId, country, region, validFrom, validTo } = rate;
    const others = await tx.findBy(TaxRate, { organizationId, country, ...(region === null ? { region: IsNull() } : {}) });
    const overlaps = others.some(
      (other) =>
        (region === null || (other.region !== null && sameRegion(other.region, region))) &&
        (validTo === null || other.validFrom < validTo) &&
        (other.validTo === null || other.validTo > validFrom),
    );
    if (overlaps) throw conflict('Another rate is for the same place at the same time. End it first.', 'validFrom');
  }
}

function check(input: CreateTaxRateInput): void {
  checkText('name', input.name);
  checkText('region', input.region);
  if (!isCountry(input.country)) throw invalid('country', 'country must be an ISO 3166-1 code such as DE.');
  const percentage = decimal(input.percentage);
  if (percentage.lt(ZERO) || percentage.gt('100') || percentage.decimalPlaces() > 4)
    throw invalid('percentage', 'percentage must be from 0 to 100, with at most 4 decimals.');
}

function checkEnd(validFrom: Date, validTo: Date | null): void {
  if (validTo !== null && validTo <= validFrom) throw invalid('validTo', 'validTo must lie after validFrom.');
}
