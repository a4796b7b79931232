import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Organization } from './organization.entity.js';
import { PartnerApp } from './partner-app.entity.js';

/** A credential. Only the SHA-256 of the secret is kept; the unique index over it is how a key is found. */
@Entity('api_keys')
@Index('api_keys_digest_key', ['digest'], { unique: true })
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'api_keys_organization_fkey' })
@ForeignKey(() => PartnerApp, ['organizationId', 'partnerAppId'], ['organizationId', 'id'], { name: 'api_keys_partner_app_fkey' })
export class ApiKey {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_keys_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_keys_pkey' }) id: string;
  @Column('text') name: string;
  /** The first characters of the secret, to tell keys apart. */
  @Column('text') prefix: string;
  @Column('bytea') digest: Buffer;
  @Column('text', { array: true }) scopes: string[];
  @Column('timestamptz', { nullable: true }) expiresAt: Date | null;
  @Column('timestamptz', { nullable: true }) lastUsedAt: Date | null;
  @Column('timestamptz', { nullable: true }) revokedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
  /** The partner app whose key it is; null: the organization's own. */
  @Column('uuid', { nullable: true }) partnerAppId: string | null;
}
