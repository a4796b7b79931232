import { decimal, ONE, sum, ZERO } from '../../src/shared/decimal.js';
import { billingSpans, lookBackStart } from '../../src/modules/invoicing/domain/billing-spans.js';
import { diffLines, prepaidOf, type IssuedLine, type LineToBill } from '../../src/modules/invoicing/domain/diff-lines.js';
import {
  expectedLines,
  rateLine,
  readingKey,
  requiredReadings,
  type BillableCharge,
  type BillingInput,
} from '../../src/modules/invoicing/domain/expected-lines.js';
import {
  advance,
  nextDueAfter,
  segmentsOf,
  spanAt,
  statusAt,
  type Decision,
  type PlanInterval,
  type Segment,
  type SubscriptionState,
  type TimelineEntry,
  type TimelineTerms,
} from '../../src/modules/subscriptions/domain/index.js';
import type { Reading } from '../../src/modules/metering/domain/index.js';

/** A plan version: when it bills, and what. */
export interface PlanVersion extends PlanInterval {
  id: string;
  charges: BillableCharge[];
}

/** One event of the one meter. Instants are epoch milliseconds. */
export interface Usage {
  at: number;
  receivedAt: number;
  voidedAt: number | null;
  /** Thousandths of a unit. */
  thousandths: bigint;
}

export interface Booked extends IssuedLine {
  billedAt: number;
  draft: number;
  proration: LineToBill['explanation']['proration'];
}

const REVIEW_MS = 3_600_000;

/** One subscription and its invoices, kept in memory: the pure billing code, driven as the workers drive it. */
export class Books {
  readonly entries: (TimelineEntry & { revoked?: boolean })[];
  readonly lines: Booked[] = [];
  state: SubscriptionState;
  private drafts: { id: number; finalizeAt: number }[] = [];
  private nextDraft = 1;

  constructor(
    readonly terms: TimelineTerms,
    readonly plans: ReadonlyMap<string, PlanVersion>,
    firstPlan: string,
    readonly usage: readonly Usage[],
    readonly lateUsagePeriods: number,
  ) {
    this.entries = [{ sequence: 1, kind: 'PLAN', at: terms.startedAt, planId: firstPlan, proration: terms.proration }];
    const [first] = this.segments();
    const span = spanAt(first, terms.startedAt);
    this.state = {
      status: statusAt([first], terms.startedAt),
      planId: firstPlan,
      currentPeriodStart: span.start,
      currentPeriodEnd: span.end,
      cancelAtPeriodEnd: false,
      endedAt: null,
      pausedAt: null,
      dueAt: nextDueAfter([first], terms.startedAt),
    };
    this.settle(terms.startedAt.getTime());
  }

  segments(): Segment[] {
    return segmentsOf(
      this.terms,
      this.entries.filter(({ revoked }) => !revoked),
      this.plans,
    );
  }

  /** Everything that falls due up to and including `now`, in order of time: periods first, then drafts. */
  runTo(now: number): void {
    for (;;) {
      const due = this.state.dueAt?.getTime() ?? Infinity;
      const draft = this.drafts.reduce<(typeof this.drafts)[number] | null>(
        (first, each) => (first === null || each.finalizeAt < first.finalizeAt ? each : first),
        null,
      );
      if (Math.min(due, draft?.finalizeAt ?? Infinity) > now) return;
      if (draft === null || due <= draft.finalizeAt) this.settle(due);
      else this.finalize(draft);
    }
  }

  /** Bills what fell due before `now`, then decides; false when the decision is refused. */
  decide(now: number, decision: (books: Books) => Decision): boolean {
    this.runDue(now);
    let made: Decision;
    try {
      made = decision(this);
    } catch (error) {
      if ((error as { code?: string }).code === undefined) throw error;
      return false;
    }
    for (const entry of this.entries) if (made.revoked.some(({ sequence }) => sequence === entry.sequence)) entry.revoked = true;
    if (made.appended) this.entries.push({ ...made.appended, sequence: this.entries.length + 1 });
    if (made.appended?.kind === 'END') this.state = { ...this.state, cancelAtPeriodEnd: !made.atOnce };
    if (made.revoked.some(({ kind }) => kind === 'END')) this.state = { ...this.state, cancelAtPeriodEnd: false };
    if (made.atOnce) this.settle(now);
    this.runDue(now);
    return true;
  }

  /** What a run at `at` would bill, without billing it. */
  compute(at: number): LineToBill[] {
    const segments = this.segments();
    const asOf = new Date(at);
    const from = lookBackStart(segments, asOf, this.lateUsagePeriods, { startedAt: this.terms.startedAt, rebillFrom: null });
    const issued = this.lines.filter((line) => line.span.end > from && !(line.invoice === 'DRAFT' && line.billedAt === at));
    const input: BillingInput = {
      customerId: 'customer',
      currency: 'USD',
      segments,
      chargesByPlan: new Map([...this.plans].map(([id, plan]) => [id, plan.charges])),
      prepaid: prepaidOf(issued),
      from,
      asOf,
    };
    const readings = new Map(requiredReadings(input).map((request) => [readingKey(request), this.read(request, at)]));
    const charges = new Map([...this.plans.values()].flatMap((plan) => plan.charges).map((charge) => [charge.id, charge]));
    return diffLines(expectedLines(input, readings), issued, charges, { lateUsageFrom: from });
  }

  /** The time spans that are billed, by charge id: what the time line says, to be compared with what was billed. */
  spansOf(until: number): ReturnType<typeof billingSpans> {
    return billingSpans(this.segments(), this.terms.startedAt, new Date(until));
  }

  private runDue(now: number): void {
    while (this.state.dueAt !== null && this.state.dueAt.getTime() <= now) this.settle(this.state.dueAt.getTime());
  }

  private settle(at: number): void {
    const lines = this.compute(at);
    const replaced = this.lines.filter((line) => line.invoice === 'DRAFT' && line.billedAt === at).map(({ draft }) => draft);
    this.drafts = this.drafts.filter(({ id }) => !replaced.includes(id));
    for (const id of replaced)
      while (this.lines.some(({ draft }) => draft === id))
        this.lines.splice(
          this.lines.findIndex(({ draft }) => draft === id),
          1,
        );
    if (lines.length > 0) this.book(lines, at);
    this.state = advance(this.state, this.segments(), new Date(at), false).state;
  }

  private book(lines: LineToBill[], billedAt: number): void {
    const draft = this.nextDraft++;
    const isCredit = sum(lines.map(({ amount }) => amount)).isNegative();
    if (!isCredit) this.drafts.push({ id: draft, finalizeAt: billedAt + REVIEW_MS });
    for (const { key, kind, charge, span, quantity, amount, explanation } of lines) {
      const invoice = isCredit ? ('FINAL' as const) : ('DRAFT' as const);
      const { proration } = explanation;
      const billedBefore = decimal(explanation.billedBefore ?? '0');
      const line = { key, kind, chargeId: charge.id, span, quantity, amount, billedBefore };
      this.lines.push({ ...line, invoice, billedAt, draft, proration });
    }
  }

  /** The usage on a draft is read again; a correction is what the reading differs from what other invoices billed. */
  private finalize({ id, finalizeAt }: { id: number; finalizeAt: number }): void {
    this.drafts = this.drafts.filter((draft) => draft.id !== id);
    for (const line of this.lines.filter(({ draft }) => draft === id)) {
      line.invoice = 'FINAL';
      const charge = [...this.plans.values()].flatMap(({ charges }) => charges).find((each) => each.id === line.chargeId);
      if (charge?.type !== 'USAGE' || line.kind === 'CREDIT') continue;
      const request = { meterId: 'meter', customerId: 'customer', from: line.span.start, to: line.span.end };
      const rated = rateLine(charge, this.read(request, finalizeAt), line.proration ?? null, 'USD');
      const others = this.lines.filter((other) => other.key === line.key && other.draft !== id);
      line.amount = rated.amount.minus(sum(others.map(({ amount }) => amount)));
      line.quantity = rated.quantity.minus(sum(others.map(({ quantity }) => quantity)));
    }
  }

  private read(
    { meterId, customerId, from, to }: Omit<Reading, 'value' | 'eventCount' | 'eventsHash'>,
    knownAt: number,
  ): Reading {
    const counted = this.usage.filter(
      ({ at, receivedAt, voidedAt }) =>
        at >= from.getTime() && at < to.getTime() && receivedAt <= knownAt && (voidedAt === null || voidedAt > knownAt),
    );
    const thousandths = counted.reduce((total, event) => total + event.thousandths, 0n);
    const value = counted.length === 0 ? ZERO : decimal(String(thousandths)).times('0.001').times(ONE);
    return { meterId, customerId, from, to, value, eventCount: counted.length, eventsHash: '' };
  }
}
