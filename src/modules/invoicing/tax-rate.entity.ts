import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Organization } from '../organizations/index.js';

/** What tax is asked in a country, or a region of it, for a time. Its percentage never changes: another rate takes over. */
@Entity('tax_rates')
@Index('tax_rates_country_idx', ['organizationId', 'country'])
@Check('tax_rates_percentage_check', 'percentage >= 0 AND percentage <= 100 AND scale(percentage) <= 4')
@Check('tax_rates_validity_check', 'valid_to > valid_from')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'tax_rates_organization_fkey' })
export class TaxRate {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'tax_rates_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'tax_rates_pkey' }) id: string;
  @Column('text') name: string;
  /** ISO 3166-1 alpha-2. */
  @Column('text') country: string;
  @Column('text', { nullable: true }) region: string | null;
  @Column('numeric') percentage: string;
  @Column('boolean') inclusive: boolean;
  @Column('timestamptz') validFrom: Date;
  @Column('timestamptz', { nullable: true }) validTo: Date | null;
  @Column('timestamptz') createdAt: Date;
}
