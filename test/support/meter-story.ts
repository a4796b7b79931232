import type { BillingWorld } from './billing-world.js';

export interface Bucket {
  start: string;
  end: string;
  value: string;
  eventCount: number;
  group: Record<string, string | null> | null;
}

export interface Report {
  value: string;
  eventCount: number;
  buckets: Bucket[];
}

export type EventOf = [timestamp: string, quantity: string | null, properties?: Record<string, unknown>];

/** A meter of its own, and one customer who uses it. */
export class MeterStory {
  private static counter = 0;

  private constructor(
    private readonly world: BillingWorld,
    readonly name: string,
    readonly meterId: string,
    readonly customer: string,
    readonly customerId: string,
  ) {}

  /** The events are received in the order given. */
  static async told(
    world: BillingWorld,
    meter: Record<string, unknown>,
    events: EventOf[],
    customer: Record<string, unknown> = {},
  ): Promise<MeterStory> {
    const number = ++MeterStory.counter;
    const [name, externalId] = [`meter-${number}`, `customer-${number}`];
    const meterId = await world.meter({ name, ...meter });
    const story = new MeterStory(world, name, meterId, externalId, await world.customer(externalId, customer));
    for (const event of events) await story.use(...event);
    return story;
  }

  use(timestamp: string, quantity: string | null, properties: Record<string, unknown> | null = null): Promise<void> {
    return this.world.use(this.name, this.customer, timestamp, quantity, { properties });
  }

  /** What the customer used; with `customerId: null` what everybody did. */
  async report(
    from: string,
    to: string,
    more: { window?: string; groupBy?: string[]; customerId?: string | null } = {},
  ): Promise<Report> {
    const { usage } = await this.world.api.query<{ usage: Report }>(
      `query ($meterId: ID!, $customerId: ID, $from: DateTime!, $to: DateTime!, $window: UsageWindow, $groupBy: [String!]) {
         usage(meterId: $meterId, customerId: $customerId, from: $from, to: $to, window: $window, groupBy: $groupBy) {
           value eventCount buckets { start end value eventCount group } } }`,
      { meterId: this.meterId, customerId: this.customerId, from, to, ...more },
    );
    return usage;
  }
}

export const valuesOf = ({ buckets }: Report): string[] => buckets.map(({ value }) => value);
