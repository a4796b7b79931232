/** An operation that GraphiQL shows in a tab. */
export interface Example {
  query: string;
  variables?: Record<string, unknown>;
  /** Where the answer holds what later examples' variables ask for: a variable's name and a path. */
  remembers?: Record<string, string>;
}

const METER_AND_FEATURE = `# Put your API key into "Headers" below.
# The tabs tell a story: run one after the other.
# A key or an id that is left empty there is
# filled in from the tabs before.

# What can be used, and how it is counted.
mutation MeterAndFeature {
  createFeature(
    input: {
      lookupKey: "api-calls"
      name: "API calls"
      type: METER
      meter: { name: "api_calls", aggregation: SUM }
    }
  ) {
    id
    meter { id name aggregation }
  }
}
`;

const PLAN = `# What it costs: 0.001 USD a call,
# up to a million calls a period.
mutation Plan($meterId: ID!, $featureId: ID!) {
  createPlan(
    input: {
      lookupKey: "pro"
      name: "Pro"
      type: USAGE
      billingInterval: MONTH
      currency: "USD"
      charges: [
        {
          displayName: "API calls"
          type: USAGE
          model: PER_UNIT
          meterId: $meterId
          unitAmount: "0.001"
        }
      ]
      features: [
        {
          featureId: $featureId
          limit: "1000000"
          resetPeriod: BILLING_PERIOD
        }
      ]
    }
  ) {
    id
    lookupKey
    version
  }
}
`;

const CUSTOMER = `# Who pays, by the id that your own system uses.
mutation Customer {
  createCustomer(
    input: { externalId: "user_123", name: "Ada Lovelace" }
  ) {
    id
    externalId
  }
}
`;

const USAGE = `# What was used: twice last month, once just now.
# Run it again: the same keys count once.
mutation Usage($events: [UsageEventInput!]!) {
  recordUsage(events: $events) {
    accepted
    duplicates
    results { index verdict code message }
  }
}
`;

const SUBSCRIPTION = `# From when on: the first of last month,
# so that one month is over, and billed at once.
mutation Subscription($startAt: DateTime!) {
  createSubscription(
    input: {
      customerExternalId: "user_123"
      planLookupKey: "pro"
      startAt: $startAt
    }
  ) {
    id
    status
    currentPeriodStart
    currentPeriodEnd
  }
}
`;

const PREVIEW = `# What the running period comes to so far.
query Preview($subscriptionId: ID!) {
  previewInvoice(subscriptionId: $subscriptionId) {
    periodStart
    periodEnd
    total
    currency
    lines {
      description
      quantity
      amount
      explanation { text }
    }
  }
}
`;

const INVOICES = `# Last month's invoice: a draft, until its
# review window of an hour is over.
query Invoices {
  invoices(first: 10) {
    nodes {
      id
      number
      status
      total
      currency
      customer { externalId }
      lines {
        description
        quantity
        amount
        explanation { text }
      }
    }
  }
}
`;

const FINALIZE = `# The review is over: the draft gets its number.
mutation Finalize($invoiceId: ID!) {
  finalizeInvoice(id: $invoiceId) {
    number
    status
    total
    amountDue
    dueAt
  }
}
`;

/** The introductory story, from a meter to a finalized invoice, to be run in this order. Last month is billed at once. */
export function exampleOperations(now: Date): Example[] {
  const lastMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
  const day = (number: number): string => new Date(lastMonth.getTime() + (number - 1) * 86_400_000).toISOString();
  return [
    {
      query: METER_AND_FEATURE,
      remembers: { featureId: 'createFeature.id', meterId: 'createFeature.meter.id' },
    },
    {
      query: PLAN,
      variables: { meterId: '', featureId: '' },
    },
    {
      query: CUSTOMER,
    },
    {
      query: USAGE,
      variables: {
        events: [
          { meterName: 'api_calls', customerExternalId: 'user_123', quantity: '12345', timestamp: day(10), idempotencyKey: 'a1' },
          { meterName: 'api_calls', customerExternalId: 'user_123', quantity: '655', timestamp: day(20), idempotencyKey: 'a2' },
          { meterName: 'api_calls', customerExternalId: 'user_123', quantity: '42', idempotencyKey: 'a3' },
        ],
      },
    },
    {
      query: SUBSCRIPTION,
      variables: { startAt: lastMonth.toISOString() },
      remembers: { subscriptionId: 'createSubscription.id' },
    },
    {
      query: PREVIEW,
      variables: { subscriptionId: '' },
    },
    {
      query: INVOICES,
      remembers: { invoiceId: 'invoices.nodes.0.id' },
    },
    {
      query: FINALIZE,
      variables: { invoiceId: '' },
    },
  ];
}
