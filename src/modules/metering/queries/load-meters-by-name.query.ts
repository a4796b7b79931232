import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { isId } from '../../../platform/database/ids.js';
import type { UsageEventInput } from '../domain/usage-event.js';
import { Meter } from '../meter.entity.js';

/** The meters that events name, by token or name. Served by the unique keys meters_token_key and meters_name_key. */
export async function loadMetersByName(
  tx: EntityManager,
  events: readonly UsageEventInput[],
): Promise<{ byToken: Map<string, Meter>; byName: Map<string, Meter> }> {
  const organizationId = organizationOf(tx);
  const tokens = new Set<string>();
  const names = new Set<string>();
  for (const event of events) {
    if (event.meterToken) {
      if (isId(event.meterToken)) tokens.add(event.meterToken);
    } else if (event.meterName) names.add(event.meterName.replaceAll('\u0000', ''));
  }
  const where = [
    ...(tokens.size > 0 ? [{ organizationId, token: In([...tokens]) }] : []),
    ...(names.size > 0 ? [{ organizationId, name: In([...names]) }] : []),
  ];
  const meters = where.length > 0 ? await tx.find(Meter, { where }) : [];
  return {
    byToken: new Map(meters.map((meter) => [meter.token, meter])),
    byName: new Map(meters.map((meter) => [meter.name, meter])),
  };
}
