/** What is counted. Every flight is an event of each of the three meters. */
export const METERS = [
  { name: 'miles', aggregation: 'SUM', valueProperty: 'miles', unit: 'mile' },
  { name: 'flights', aggregation: 'COUNT', unit: 'flight' },
  { name: 'destinations', aggregation: 'UNIQUE_COUNT', valueProperty: 'destination', unit: 'airport' },
] as const;

export type MeterName = (typeof METERS)[number]['name'];

interface Charge {
  displayName: string;
  meter?: MeterName;
  [field: string]: unknown;
}

interface Plan {
  lookupKey: string;
  name: string;
  type: 'USAGE' | 'HYBRID';
  charges: Charge[];
}

/** What it costs. Airports, in alphabetical order, take the three plans in turn. */
export const PLANS: readonly Plan[] = [
  {
    lookupKey: 'miles-graduated',
    name: 'Miles, graduated',
    type: 'USAGE',
    charges: [
      {
        displayName: 'Miles flown',
        meter: 'miles',
        type: 'USAGE',
        model: 'GRADUATED',
        tiers: [
          { upTo: '10000', unitAmount: '0.0475' },
          { upTo: '100000', unitAmount: '0.03125', flatAmount: '24.90' },
          { unitAmount: '0.021875' },
        ],
      },
    ],
  },
  {
    lookupKey: 'hub',
    name: 'Hub',
    type: 'HYBRID',
    charges: [
      { displayName: 'Base fee', type: 'FIXED', model: 'FLAT', amount: '149' },
      { displayName: 'Flights', meter: 'flights', type: 'USAGE', model: 'PER_UNIT', unitAmount: '2.125', includedUnits: '20' },
      { displayName: 'Destinations served', meter: 'destinations', type: 'USAGE', model: 'PER_UNIT', unitAmount: '9.95' },
    ],
  },
  {
    lookupKey: 'miles-packages',
    name: 'Miles in packages',
    type: 'USAGE',
    charges: [
      {
        displayName: 'Packages of 2,500 miles',
        meter: 'miles',
        type: 'USAGE',
        model: 'PACKAGE',
        packageSize: '2500',
        packageAmount: '89.90',
      },
    ],
  },
];
