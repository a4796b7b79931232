/**
 * `npm run bench:billing`: billing runs, finalization and lists of invoices, beside baselines that do the least that can be done,
 * in alternation. `npm run bench:billing -- runs lists` measures some parts only.
 */
import { BILLING_PARTS } from './support/billing-parts.js';
import { measure } from './support/laboratory.js';

await measure('billing', BILLING_PARTS);
