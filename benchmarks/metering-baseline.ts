/**
 * What ours is measured against: `node:http` and `pg` with the very same statement and nothing else. No key is checked, no event
 * validated, no decimal read exactly, no answer but a list of ids. MODE: `batch`, `gathered` (single events, written
 * together) or `single` (a commit each).
 */
import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';
import { v7 } from 'uuid';
import { recordUsage, type NewUsageEvent } from '../src/modules/metering/queries/record-usage.query.js';

interface Sent {
  meter_token: string;
  customer_external_id: string;
  quantity: number;
  timestamp: string;
  idempotency_key: string;
  properties: object;
}

const { DATABASE_URL = '', MODE = 'batch', PORT = '0' } = process['env'];
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });
const { rows: meters } = await pool.query<{ id: string; token: string; organization_id: string }>(
  'SELECT id, token, organization_id FROM meters',
);
const { rows: customers } = await pool.query<{ id: string; external_id: string }>('SELECT id, external_id FROM customers');
const meterOf = new Map(meters.map((meter) => [meter.token, meter]));
const customerOf = new Map(customers.map((customer) => [customer.external_id, customer.id]));

function rowOf(event: Sent): NewUsageEvent {
  const meter = meterOf.get(event.meter_token) as (typeof meters)[number];
  const content = hash('sha256', JSON.stringify(event), 'hex');
  return {
    organizationId: meter.organization_id,
    id: v7(),
    meterId: meter.id,
    customerId: customerOf.get(event.customer_external_id) as string,
    occurredAt: event.timestamp,
    quantity: String(event.quantity),
    counted: true,
    value: String(event.quantity),
    member: null,
    properties: JSON.stringify(event.properties),
    idempotencyKey: event.idempotency_key,
    keyHash: hash('sha256', event.idempotency_key, 'hex').slice(0, 32),
    contentHash: BigInt.asIntN(64, BigInt(`0x${content.slice(0, 16)}`)).toString(),
    digest: BigInt(`0x${content.slice(16, 31)}`).toString(),
    amendsId: null,
    aggregation: 'SUM',
    keepsLatest: false,
  };
}

const write = (rows: NewUsageEvent[]): Promise<unknown> =>
  pool.query(recordUsage(rows, new Date(performance.timeOrigin + performance.now())));

let waiting: { row: NewUsageEvent; done: () => void }[] = [];
let writers = 0;

function flush(): void {
  if (writers >= 2 || waiting.length === 0) return;
  const batch = waiting;
  waiting = [];
  writers += 1;
  void write(batch.map(({ row }) => row)).then(() => {
    writers -= 1;
    for (const { done } of batch) done();
    flush();
  });
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const answer = (value: unknown): void => {
      const text = JSON.stringify(value);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
    };
    if (request.method === 'GET') return answer({ status: 'ok' });
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Sent & { events: Sent[] };
    if (MODE === 'batch') {
      const rows = body.events.map(rowOf);
      void write(rows).then(() => answer({ accepted: rows.length, ids: rows.map(({ id }) => id) }));
    } else if (MODE === 'single') {
      const row = rowOf(body);
      void write([row]).then(() => answer({ id: row.id }));
    } else {
      const row = rowOf(body);
      waiting.push({ row, done: () => answer({ id: row.id }) });
      setTimeout(flush, 1);
    }
  });
}).listen(Number(PORT), '127.0.0.1');
