import { explainedInvoice, largestFirst, listInvoices, type InvoiceSummary } from './invoices.js';
import { count, explainInvoice, invoiceTables, lookAround } from './report.js';
import { startServer, type RunningServer } from './server.js';
import { playFlights, type StoryDay } from './story.js';

/**
 * `npm run demo`: plays the flights against a Fluxrate of its own, shows what was billed, and leaves it running for a look around.
 * DEMO_EXIT=1: ends after the tables. PORT, HOST and LOG_LEVEL are those of the product.
 */
async function main(): Promise<void> {
  const interrupted = signalled();
  console.log('Starting Fluxrate with an empty database of its own ...');
  const server = await startServer();
  const gone = server.ended.then(() => {
    throw new Error('Fluxrate ended by itself.');
  });
  try {
    await Promise.race([interrupted, gone, show(server)]);
    if (!process.env.DEMO_EXIT) await Promise.race([interrupted, gone]);
  } finally {
    await server.stop();
  }
}

/** Settles at the first signal that asks for the end. The signals after it change nothing: Ctrl-C may reach us more than once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve());
    // The terminal may be gone before the data is.
    process.stdout.on('error', () => resolve());
  });
}

async function show(server: RunningServer): Promise<void> {
  const began = performance.now();
  const story = await playFlights(server, showProgress);
  const seconds = Math.round((performance.now() - began) / 1000);
  const invoices = await listInvoices(server);
  const example = invoiceToExplain(invoices);
  console.log(`
${count(story.flights)} flights from ${story.airports} airports: ${count(story.events.accepted)} events, ${count(story.events.duplicates)} of them sent twice and counted once;
${invoices.length} invoices and ${story.payments} payments, in ${seconds} s.

${invoiceTables(invoices)}

${explainInvoice(await explainedInvoice(server, example.id))}
`);
  if (!process.env.DEMO_EXIT)
    console.log(`${lookAround(server, story, example.number)}\n\nCtrl-C stops it and removes its data.`);
}

/** The largest of the plan that has the most lines. */
const invoiceToExplain = (invoices: readonly InvoiceSummary[]): InvoiceSummary =>
  largestFirst(invoices.filter(({ subscription }) => subscription.plan.lookupKey === 'hub'))[0];

const BAR_WIDTH = 50;

/** A bar where there is a terminal; else a line a month. */
function showProgress({ day, number, of, story }: StoryDay): void {
  const events = `${count(story.events.accepted)} events`;
  if (process.stdout.isTTY) {
    const done = Math.round((number / of) * BAR_WIDTH);
    process.stdout.write(`\r${'█'.repeat(done)}${'░'.repeat(BAR_WIDTH - done)} ${day}  ${events}${number === of ? '\n' : ''}`);
  } else if (day.endsWith('-01') && number > 1) console.log(`${day}: ${events}, ${story.payments} payments`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
