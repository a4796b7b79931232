/**
 * `npm run bench:entitlements`: checks, consumption and batches beside baselines that do the least that can be done, in
 * alternation. `npm run bench:entitlements -- check consume` measures some parts only.
 */
import { ENTITLEMENT_PARTS } from './support/entitlement-parts.js';
import { measure } from './support/laboratory.js';

await measure('entitlements', ENTITLEMENT_PARTS);
