/** How often a limit begins anew (docs/billing-rules.md §6). */
export type ResetPeriod = 'DAY' | 'WEEK' | 'MONTH' | 'YEAR' | 'BILLING_PERIOD' | 'NEVER';
