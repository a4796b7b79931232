/**
 * Loaded into a process before the product (`node --import`): it sends itself a signal right before the statement that the environment
 * names. Counted are the statements since the first run of a worker began, those that match FAULT_MATCH alone where it is set.
 */
import pg from 'pg';

const { FAULT_AT, FAULT_SIGNAL, FAULT_MATCH } = process.env;
const match = new RegExp(FAULT_MATCH ?? '', 's');
const { query } = pg.Client.prototype;
let hasBegun = false;
let count = 0;

pg.Client.prototype.query = function (...args) {
  const text = typeof args[0] === 'string' ? args[0] : String(args[0]?.text);
  hasBegun ||= text.includes('INSERT INTO "worker_runs"');
  if (hasBegun && match.test(text)) {
    count += 1;
    if (count === Number(FAULT_AT)) process.kill(process.pid, FAULT_SIGNAL);
  }
  return query.apply(this, args);
};

process.on('exit', () => console.log(`statements: ${count}`));
