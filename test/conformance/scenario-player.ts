import { type Decimal, decimal, decimalText, sum } from '../../src/shared/decimal.js';
import type { BillingWorld, InvoiceView, LineView } from '../support/billing-world.js';

export interface ScenarioCase {
  id: string;
  title: string;
  currency: string;
  customer: { timezone: string };
  meters: { id: string; aggregation: string }[];
  plans: PeerPlan[];
  steps: Step[];
  requires: string[];
  universal: boolean;
  notes: string;
}
interface PeerPlan {
  id: string;
  interval: string;
  alignment: string;
  fixed: { amount: string; timing: string };
  charges?: PeerCharge[];
}
interface PeerCharge {
  meter: string;
  model: string;
  /** A charge of another interval than its plan's. */
  interval?: string;
  unit_price?: string;
  package_price?: string;
  package_size?: string;
  tiers?: { up_to: string | null; unit_price: string; flat_fee: string }[];
  included_units?: string;
}
export interface Step {
  at: string;
  action: string;
  plan?: string;
  effective?: string;
  meter?: string;
  value?: string;
  id?: string;
  amount?: string;
  total?: string;
  billable?: string;
  period?: { from: string; to: string };
  lines?: { type: string; amount: string; from: string; to: string }[];
}

const MODELS: Partial<Record<string, (charge: PeerCharge) => Record<string, unknown>>> = {
  per_unit: ({ unit_price: unitAmount }) => ({ model: 'PER_UNIT', unitAmount }),
  package: ({ package_price: packageAmount, package_size: packageSize }) => ({ model: 'PACKAGE', packageAmount, packageSize }),
  tiered_graduated: ({ tiers = [] }) => ({
    model: 'GRADUATED',
    tiers: tiers.map(({ up_to: upTo, unit_price: unitAmount, flat_fee: flatAmount }) => ({ upTo, unitAmount, flatAmount })),
  }),
};
const TIMINGS: Partial<Record<string, string>> = { arrears: 'IN_ARREARS', advance: 'IN_ADVANCE' };
const INTERVALS = new Set(['day', 'week', 'month', 'year']);
const ACTIONS: Record<string, (player: ScenarioPlayer, step: Step) => Promise<void>> = {
  subscribe: (player, step) => player.subscribe(step),
  change_plan: (player, step) => player.changePlan(step),
  event: (player, step) => player.use(step),
  run_billing: () => Promise.resolve(),
  expect_new_invoice: (player, step) => player.expectNewInvoice(step),
  expect_usage: (player, step) => player.expectUsage(step),
  expect_total_invoiced: (player, step) => player.expectTotalInvoiced(step),
};
const CHECKED = new Set([
  'at',
  'action',
  'plan',
  'effective',
  'meter',
  'value',
  'id',
  'amount',
  'total',
  'billable',
  'period',
  'lines',
]);

/** Why a case cannot be played with the steps below, or null. */
export function reasonNotToPlay({ plans, steps }: ScenarioCase): string | null {
  for (const step of steps) {
    if (!ACTIONS[step.action]) return `no step ${step.action}`;
    const others = Object.keys(step).filter((name) => !CHECKED.has(name));
    if (others.length > 0) return `${step.action} with ${others.join(', ')}`;
  }
  for (const { interval, fixed, charges = [] } of plans) {
    const missing = [interval, ...charges.map((charge) => charge.interval ?? interval)].find((name) => !INTERVALS.has(name));
    if (missing) return `no interval ${missing}`;
    if (!TIMINGS[fixed.timing]) return `no timing ${fixed.timing}`;
    const unknown = charges.find(({ model }) => !MODELS[model]);
    if (unknown) return `no model ${unknown.model}`;
  }
  return null;
}

/** Plays a case through the public API, its customer on a test clock. */
export class ScenarioPlayer {
  private clockId = '';
  private customer = '';
  private readonly meterIds = new Map<string, string>();
  private subscriptions: string[] = [];
  private readonly seen = new Set<string>();

  constructor(
    private readonly world: BillingWorld,
    private readonly c: ScenarioCase,
    private readonly check: { equal(actual: unknown, expected: unknown): void },
  ) {}

  async play(): Promise<void> {
    const { id, meters, plans, steps, customer } = this.c;
    this.clockId = await this.world.clock(steps[0].at);
    this.customer = id;
    await this.world.customer(id, { testClockId: this.clockId, timeZone: customer.timezone });
    for (const meter of meters)
      this.meterIds.set(meter.id, await this.world.meter({ name: `${id} ${meter.id}`, aggregation: meter.aggregation }));
    for (const plan of plans) await this.createPlan(plan);
    // Where the source begins with usage, its customer is subscribed already.
    if (!steps.some(({ action }) => action === 'subscribe')) await this.subscribe({ ...steps[0], plan: plans[0].id });
    for (const step of steps) {
      await this.world.travel(this.clockId, step.at);
      await ACTIONS[step.action](this, step);
    }
  }

  /** With us a plan has one interval: charges of another one are a plan of their own, subscribed to beside the first. */
  private async createPlan({ id, interval, fixed, charges = [] }: PeerPlan): Promise<void> {
    for (const planInterval of this.intervalsOf(id)) {
      const isMain = planInterval === interval;
      const usage = charges.filter((charge) => (charge.interval ?? interval) === planInterval);
      const hasFixed = isMain && !decimal(fixed.amount).isZero();
      await this.world.plan({
        lookupKey: this.keyOf(id, planInterval),
        type: hasFixed ? (usage.length > 0 ? 'HYBRID' : 'FIXED') : 'USAGE',
        billingInterval: planInterval.toUpperCase(),
        currency: this.c.currency,
        charges: [
          ...(hasFixed
            ? [{ displayName: 'fixed', type: 'FIXED', model: 'FLAT', amount: fixed.amount, billingTiming: TIMINGS[fixed.timing] }]
            : []),
          ...usage.map((charge) => ({
            displayName: 'usage',
            type: 'USAGE',
            meterId: this.meterIds.get(charge.meter),
            includedUnits: charge.included_units ?? '0',
            ...MODELS[charge.model]?.(charge),
          })),
        ],
      });
    }
  }

  private keyOf(planId: string, interval: string): string {
    return `${this.c.id}.${planId}.${interval}`;
  }

  private intervalsOf(planId: string): string[] {
    const plan = this.c.plans.find(({ id }) => id === planId) as PeerPlan;
    return [...new Set([plan.interval, ...(plan.charges ?? []).map((charge) => charge.interval ?? plan.interval)])];
  }

  async subscribe({ plan = '' }: Step): Promise<void> {
    const alignment = this.c.plans.find(({ id }) => id === plan)?.alignment.toUpperCase();
    for (const interval of this.intervalsOf(plan))
      this.subscriptions.push(await this.world.subscribe(this.customer, this.keyOf(plan, interval), { alignment }));
  }

  async changePlan({ plan = '', effective = 'immediate' }: Step): Promise<void> {
    const [interval] = this.intervalsOf(plan);
    const planId = await this.world.planId(this.keyOf(plan, interval));
    const timing = effective === 'period_end' ? 'PERIOD_END' : 'IMMEDIATE';
    await this.world.changePlan(this.subscriptions[0], { planId, timing });
  }

  async use({ meter, value = '', at, id }: Step): Promise<void> {
    await this.world.use(`${this.c.id} ${meter}`, this.customer, at, value, { idempotencyKey: id && `${this.c.id} ${id}` });
  }

  /** Exactly one invoice that no step has seen before; one of nothing does not count. */
  async expectNewInvoice({ lines = [], total = '' }: Step): Promise<void> {
    const invoices = (await this.invoices()).filter((invoice) => !this.seen.has(invoice.id) && invoice.total !== '0');
    this.check.equal(
      invoices.map((invoice) => ({ total: invoice.total, lines: invoice.lines.map(lineFacts) })),
      [
        {
          total: plain(total),
          lines: lines.map(({ type, amount, from, to }) => [type, plain(amount), from.slice(0, 10), to.slice(0, 10)]),
        },
      ],
    );
    for (const { id } of invoices) this.seen.add(id);
  }

  /** What the meter says, and what was billed for it, or would be now. */
  async expectUsage({ period = { from: '', to: '' }, meter = '', value = '', billable, amount }: Step): Promise<void> {
    const variables = { meterId: this.meterIds.get(meter), ...period };
    const { usage } = await this.world.api.query<{ usage: { value: string } }>(
      `query ($meterId: ID!, $from: DateTime!, $to: DateTime!) { usage(meterId: $meterId, from: $from, to: $to) { value } }`,
      variables,
    );
    this.check.equal(usage.value, plain(value));
    const previews = await Promise.all(this.subscriptions.map((subscription) => this.world.preview(subscription)));
    const lines = [...(await this.invoices()), ...previews]
      .flatMap((invoice) => invoice.lines)
      .filter(
        (line) =>
          line.charge?.type === 'USAGE' && sameInstant(line.periodStart, period.from) && sameInstant(line.periodEnd, period.to),
      );
    this.check.equal(
      lines.map(({ quantity }) => quantity),
      [plain(value)],
    );
    if (billable !== undefined) this.check.equal(lines[0].explanation.billableQuantity, plain(billable));
    if (amount !== undefined) this.check.equal(lines[0].amount, plain(amount));
  }

  async expectTotalInvoiced({ amount = '' }: Step): Promise<void> {
    this.check.equal(decimalText(sum((await this.invoices()).map(netOf))), plain(amount));
  }

  private async invoices(): Promise<InvoiceView[]> {
    return (await Promise.all(this.subscriptions.map((subscription) => this.world.invoices(subscription)))).flat();
  }
}

const plain = (text: string): string => decimalText(decimal(text));
const sameInstant = (a: string | null, b: string): boolean => a !== null && Date.parse(a) === Date.parse(b);

/** Lines that sum to a credit have one more, which keeps it as balance. */
const netOf = ({ lines }: InvoiceView): Decimal =>
  sum(lines.filter(({ kind }) => kind !== 'BALANCE').map(({ amount }) => decimal(amount)));

/** The cases name what a line charges for, and its local dates (all of them in UTC). */
const lineFacts = (line: LineView): (string | undefined)[] => [
  line.charge?.type.toLowerCase(),
  line.amount,
  line.periodStart?.slice(0, 10),
  line.periodEnd?.slice(0, 10),
];
