/**
 * What ours is measured against: `node:http` that answers from memory, that reads a row by primary key, or that updates one if a limit
 * allows. No key is checked, no plan known, no decimal read. MODE: `memory`, `row` or `update`.
 */
import { createServer } from 'node:http';
import pg from 'pg';

const { DATABASE_URL = '', MODE = 'memory', PORT = '0' } = process['env'];
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const READ = { name: 'read', text: 'SELECT used, usage_limit FROM bench_allowances WHERE customer = $1 AND feature = $2' };
const UPDATE = {
  name: 'update',
  text: 'UPDATE bench_allowances SET used = used + 1 WHERE customer = $1 AND feature = $2 AND used + 1 <= usage_limit RETURNING used, usage_limit',
};

createServer((request, response) => {
  const answer = (value: object): void => {
    const text = JSON.stringify(value);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
  };
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (MODE === 'memory' || pathname === '/health') return answer({ allowed: true, reason: 'GRANTED', limit: '1000', used: '1' });
  const ask = (customer: string | null, feature: string | null): void => {
    void pool
      .query<{ used: string; usage_limit: string }>({ ...(MODE === 'row' ? READ : UPDATE), values: [customer, feature] })
      .then(({ rows }) =>
        answer({ allowed: rows.length > 0, reason: 'GRANTED', limit: rows.at(0)?.usage_limit, used: rows.at(0)?.used }),
      );
  };
  if (request.method === 'GET') return ask(searchParams.get('customer_external_id'), searchParams.get('feature'));
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { customer_external_id: string; feature: string };
    ask(body.customer_external_id, body.feature);
  });
}).listen(Number(PORT), '127.0.0.1');
