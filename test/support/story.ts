import type { BillingWorld, InvoiceView, LineView } from './billing-world.js';
import type { GraphqlFailure } from './graphql-client.js';

type Timing = 'IMMEDIATE' | 'PERIOD_END';

let customers = 0;

/**
 * A customer on a test clock of their own, and what they do. What comes of it is read as text that a test can write down by
 * hand: `ledger` has a line for each invoice, `transitions` one for each change of state.
 */
export class Story {
  /** The subscription made last. */
  subscriptionId = '';

  private constructor(
    readonly world: BillingWorld,
    readonly clockId: string,
    readonly customer: string,
    readonly customerId: string,
  ) {}

  static async begin(world: BillingWorld, now: string, input: Record<string, unknown> = {}): Promise<Story> {
    const clockId = await world.clock(now);
    const customer = `customer-${(customers += 1)}`;
    return new Story(world, clockId, customer, await world.customer(customer, { testClockId: clockId, ...input }));
  }

  /** As `begin` and `subscribe`, starting now. */
  static async subscribed(
    world: BillingWorld,
    now: string,
    planLookupKey: string,
    input: Record<string, unknown> = {},
    customerInput: Record<string, unknown> = {},
  ): Promise<Story> {
    const story = await Story.begin(world, now, customerInput);
    await story.subscribe(planLookupKey, input);
    return story;
  }

  async subscribe(planLookupKey: string, input: Record<string, unknown> = {}): Promise<void> {
    this.subscriptionId = await this.world.subscribe(this.customer, planLookupKey, input);
  }

  travel(to: string): Promise<void> {
    return this.world.travel(this.clockId, to);
  }

  use(meterName: string, timestamp: string, quantity: string): Promise<void> {
    return this.world.use(meterName, this.customer, timestamp, quantity);
  }

  async changePlan(planLookupKey: string, timing: Timing = 'IMMEDIATE', more: Record<string, unknown> = {}): Promise<void> {
    await this.world.changePlan(this.subscriptionId, { ...(await this.change(planLookupKey, timing)), ...more });
  }

  async previewPlanChange(planLookupKey: string, timing: Timing = 'IMMEDIATE', more: Record<string, unknown> = {}) {
    const input = { ...(await this.change(planLookupKey, timing)), ...more };
    const { lines, ...preview } = await this.world.previewPlanChange(this.subscriptionId, input);
    return { ...preview, effectiveAt: short(preview.effectiveAt), lines: lines.map(lineText) };
  }

  cancel(timing: Timing = 'IMMEDIATE', reason?: string): Promise<void> {
    return this.world.cancel(this.subscriptionId, timing, reason);
  }

  undoCancellation(): Promise<void> {
    return this.world.undoCancellation(this.subscriptionId);
  }

  pause(reason?: string): Promise<void> {
    return this.world.pause(this.subscriptionId, reason);
  }

  resume(): Promise<void> {
    return this.world.resume(this.subscriptionId);
  }

  invoices(): Promise<InvoiceView[]> {
    return this.world.invoices(this.subscriptionId);
  }

  async latestInvoice(): Promise<InvoiceView> {
    const latest = (await this.invoices()).at(-1);
    if (!latest) throw new Error(`${this.customer} has no invoice.`);
    return latest;
  }

  /** `OPEN 16.45: Base 2026-01-15/2026-02-01 16.45`, oldest first. */
  async ledger(): Promise<string[]> {
    return (await this.invoices()).map(invoiceText);
  }

  async preview(): Promise<string> {
    return invoiceText(await this.world.preview(this.subscriptionId));
  }

  balance(currency?: string): Promise<string> {
    return this.world.balance(this.customer, currency);
  }

  /** `ACTIVE pro 2026-01-15/2026-02-01`: state, plan and current period. */
  async state(): Promise<string> {
    const { status, plan, currentPeriodStart, currentPeriodEnd } = await this.world.subscription<{
      status: string;
      plan: { lookupKey: string };
      currentPeriodStart: string;
      currentPeriodEnd: string;
    }>(this.subscriptionId, 'status plan { lookupKey } currentPeriodStart currentPeriodEnd');
    return `${status} ${plan.lookupKey} ${short(currentPeriodStart)}/${short(currentPeriodEnd)}`;
  }

  /** `2026-01-15 TRIAL>ACTIVE system`, with the reason after a colon, oldest first. A key's id is left out. */
  async transitions(): Promise<string[]> {
    const { transitions } = await this.world.subscription<{
      transitions: { from: string | null; to: string; at: string; reason: string | null; actor: string }[];
    }>(this.subscriptionId, 'transitions { from to at reason actor }');
    return transitions.map(
      ({ from, to, at, reason, actor }) =>
        `${short(at)} ${from ?? ''}>${to} ${actor.replace(/:.*/, '')}${reason === null ? '' : `: ${reason}`}`,
    );
  }

  /** What the API refuses the mutation on this subscription with. */
  async refusal(mutation: string, input?: Record<string, unknown>, inputType = ''): Promise<GraphqlFailure['extensions']> {
    const refusal = await this.attempt(mutation, input, inputType);
    if (!refusal) throw new Error(`${mutation} was not refused.`);
    return refusal;
  }

  /** As `refusal`; null when it is done. */
  async attempt(mutation: string, input?: Record<string, unknown>, inputType = ''): Promise<GraphqlFailure['extensions'] | null> {
    const [declaration, argument] = input ? [`, $input: ${inputType}!`, ', input: $input'] : ['', ''];
    const idName = mutation === 'changePlan' ? 'subscriptionId' : 'id';
    const { errors } = await this.world.api.send(
      `mutation ($id: ID!${declaration}) { ${mutation}(${idName}: $id${argument}) { id } }`,
      { id: this.subscriptionId, input },
    );
    return errors?.[0].extensions ?? null;
  }

  private async change(planLookupKey: string, timing: Timing): Promise<{ planId: string; timing: Timing }> {
    return { planId: await this.world.planId(planLookupKey), timing };
  }
}

/** A recurring amount, billed with the period that has ended unless the charge says IN_ADVANCE. */
export const flat = (amount: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  displayName: 'Base',
  type: 'FIXED',
  model: 'FLAT',
  amount,
  ...more,
});

export const perUnit = (meterId: string, unitAmount: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  displayName: 'Calls',
  type: 'USAGE',
  model: 'PER_UNIT',
  meterId,
  unitAmount,
  ...more,
});

export const IN_ADVANCE = { billingTiming: 'IN_ADVANCE' };

/** An instant without what is zero: `2026-01-15`, `2026-01-15T10:30`. */
const short = (instant: string): string =>
  instant
    .replace('.000Z', '')
    .replace(/:00$/, '')
    .replace(/T00:00$/, '');

/** `Base 2026-01-15/2026-02-01 16.45`; usage with its quantity; what is not a plain charge begins with its kind. */
export function lineText({ kind, description, quantity, amount, periodStart, periodEnd, charge }: LineView): string {
  if (kind === 'BALANCE') return `BALANCE ${amount}`;
  return [
    ...(kind === 'CHARGE' ? [] : [kind]),
    description,
    ...(charge?.type === 'USAGE' ? [quantity] : []),
    `${short(periodStart ?? '')}/${short(periodEnd ?? '')}`,
    amount,
  ].join(' ');
}

export function invoiceText({ status, total, creditsApplied, lines }: InvoiceView): string {
  const credits = creditsApplied === '0' ? '' : ` less ${creditsApplied}`;
  return `${status} ${total}${credits}: ${lines.map(lineText).join(' + ')}`;
}
