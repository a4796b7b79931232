export interface EntitlementAnswer {
  allowed: boolean;
  /** A code, such as GRANTED or LIMIT_REACHED; UNREACHABLE: the server did not answer, and `whenUnreachable` decided. */
  reason: string;
  limit: string | null;
  used: string | null;
  remaining: string | null;
  /** ISO 8601. */
  resetsAt: string | null;
  /** Of CUSTOM features; a number keeps its digits only as far as JavaScript's do. */
  value: string | number | null;
}

/** The answer when nobody answers. */
export const unreachable = (when: 'open' | 'closed'): EntitlementAnswer => ({
  allowed: when === 'open',
  reason: 'UNREACHABLE',
  limit: null,
  used: null,
  remaining: null,
  resetsAt: null,
  value: null,
});
