/**
 * `npm run bench:metering`: ingestion and usage queries against baselines that do the least that can be done, on a Postgres of
 * their own, in alternation. Some eight minutes on two quiet cores. `npm run bench:metering -- batch single` runs some parts only;
 * `-- --full` has tables of ten million events and a run of two million, which takes the better part of an hour.
 */
import { measure } from './support/laboratory.js';
import { PARTS } from './support/metering-parts.js';

await measure('metering', PARTS);
