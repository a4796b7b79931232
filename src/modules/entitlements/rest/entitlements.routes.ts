import { Controller, Get, Post, type OnModuleInit } from '@nestjs/common';
import { Requires } from '../../../platform/auth.js';
import { DirectRoutes, WholeBody, type Query } from '../../../platform/direct-routes.js';
import { eventFieldsOf } from '../../metering/index.js';
import { numberText, parseJsonQuickly } from '../../../platform/json.js';
import type { Actor } from '../../../shared/actor.js';
import { decimalText, parseDecimal, type Decimal } from '../../../shared/decimal.js';
import { DomainError, invalid } from '../../../shared/errors.js';
import { isStorable } from '../../../shared/text.js';
import { checkedQuantity, crossed, requireKnown } from '../check-requests.js';
import { ConsumptionService } from '../consumption.service.js';
import { EntitlementsService, type Check } from '../entitlements.service.js';
import { numberIn } from '../graphql/entitlement-view.js';

type Body = Record<string, unknown>;

/** The REST edge for backends that ask before they serve. Past Nest's pipeline, as usage is. */
@Controller('api/v1/entitlements')
export class EntitlementsRoutes implements OnModuleInit {
  constructor(
    private readonly routes: DirectRoutes,
    private readonly entitlements: EntitlementsService,
    private readonly consumption: ConsumptionService,
  ) {}

  onModuleInit(): void {
    this.routes.registerGet(this, 'check');
    const bodies = { 'application/json': () => new WholeBody(objectOf) };
    this.routes.register<'checkAll', Body>(this, 'checkAll', bodies);
    this.routes.register<'consume', Body>(this, 'consume', bodies);
  }

  @Get('check')
  @Requires('usage.read')
  async check(query: Query, actor: Actor): Promise<string> {
    const request = {
      customerExternalId: requiredText(query, 'customer_external_id'),
      featureLookupKey: requiredText(query, 'feature'),
      quantity: quantityIn(query),
    };
    return `{${checkText(requireKnown(await this.entitlements.check(actor, request)))}}`;
  }

  @Post('check/batch')
  @Requires('usage.read')
  async checkAll(body: Body, actor: Actor): Promise<string> {
    const requests = crossed(texts(body, 'customer_external_ids'), texts(body, 'features'), quantityIn(body), [
      'customer_external_ids',
      'features',
    ]);
    const checks = await this.entitlements.checkAll(actor, requests);
    const results = checks.map((check, index) => {
      const { customerExternalId, featureLookupKey } = requests[index];
      return `{"customer_external_id":${JSON.stringify(customerExternalId)},"feature":${JSON.stringify(featureLookupKey)},${checkText(check)}}`;
    });
    return `{"results":[${results.join(',')}]}`;
  }

  @Post('consume')
  @Requires('usage.write')
  async consume(body: Body, actor: Actor): Promise<string> {
    const { timestamp, idempotencyKey, properties } = eventFieldsOf(body);
    const consumption = await this.consumption.consume(actor, {
      customerExternalId: requiredText(body, 'customer_external_id'),
      featureLookupKey: requiredText(body, 'feature'),
      quantity: quantityIn(body),
      timestamp,
      idempotencyKey,
      properties,
    });
    const { eventId } = consumption;
    return `{${checkText(consumption)},"event_id":${eventId === null ? 'null' : `"${eventId}"`}}`;
  }
}

const decimalJson = (value: Decimal | null): string => (value === null ? 'null' : `"${decimalText(value)}"`);

/** Written by hand: most requests are answered by it. A CUSTOM value that is a number is a JSON number, with its digits. */
export function checkText(check: Check): string {
  if (!check.known) return `"allowed":false,"reason":"${check.reason}"`;
  const { verdict, entitlement } = check;
  const { feature, limit, used, remaining, window, value, softLimit } = entitlement;
  const head = `"allowed":${verdict.allowed},"reason":"${verdict.reason}"`;
  if (feature.type === 'SWITCH') return `${head},"limit":null,"used":null,"remaining":null,"resets_at":null`;
  if (feature.type === 'CUSTOM') {
    const typed = value === null ? 'null' : (numberIn(value) ?? JSON.stringify(value));
    return `${head},"limit":null,"used":null,"remaining":null,"resets_at":null,"value":${typed}`;
  }
  const resetsAt = window?.end ? `"${window.end.toISOString()}"` : 'null';
  return `${head},"limit":${decimalJson(limit)},"used":${decimalJson(used)},"remaining":${decimalJson(remaining)},"resets_at":${resetsAt},"soft_limit":${softLimit}`;
}

function objectOf(text: string): Body {
  let value: unknown;
  try {
    value = parseJsonQuickly(text);
  } catch {
    throw new DomainError('MALFORMED_REQUEST', 'The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DomainError('VALIDATION_FAILED', 'The body must be a JSON object.');
  return value as Body;
}

export function requiredText(body: Body, field: string): string {
  const value = body[field];
  if (typeof value !== 'string' || value === '') throw invalid(field, `${field} must be a string.`);
  if (!isStorable(value)) throw invalid(field, `${field} must not contain control characters.`);
  return value;
}

export function quantityIn(body: Body): Decimal {
  const value = body.quantity ?? null;
  if (value === null) return checkedQuantity(null);
  const text = typeof value === 'string' ? value : numberText(value);
  const quantity = text === null ? null : parseDecimal(text);
  if (quantity === null) throw invalid('quantity', 'quantity must be a decimal number.');
  return checkedQuantity(decimalText(quantity));
}

function texts(body: Body, field: string): string[] {
  const value = body[field];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string' && isStorable(item)))
    throw invalid(field, `${field} must be a list of strings.`);
  return value;
}
