import { invalid } from '../../../shared/errors.js';
import { checkText } from '../../../shared/text.js';

export const AGGREGATIONS = ['SUM', 'MAX', 'UNIQUE_COUNT', 'LAST', 'COUNT'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** An event counts when, for every filter, its property (as text) is one of the values. */
export interface MeterFilter {
  property: string;
  values: string[];
}

/** What ingestion needs to know of a meter. */
export interface MeterDefinition {
  aggregation: Aggregation;
  valueProperty: string | null;
  carriesOver: boolean;
  allowsNegative: boolean;
  filters: MeterFilter[];
}

const MAX_FILTERS = 20;
const MAX_FILTER_VALUES = 200;

/** Checks a meter's definition (billing-rules §4). */
export function validateMeter(meter: MeterDefinition & { name: string; unit: string | null }, field = ''): void {
  checkText(`${field}name`, meter.name);
  checkText(`${field}unit`, meter.unit);
  checkText(`${field}valueProperty`, meter.valueProperty);
  if (meter.aggregation === 'COUNT' && meter.valueProperty !== null) {
    throw invalid(`${field}valueProperty`, 'A COUNT meter counts events and has no valueProperty.');
  }
  if (meter.carriesOver && meter.aggregation !== 'LAST' && meter.aggregation !== 'MAX') {
    throw invalid(`${field}carriesOver`, 'Only LAST and MAX meters can carry a value over.');
  }
  if (meter.allowsNegative && meter.aggregation !== 'SUM') {
    throw invalid(`${field}allowsNegative`, 'allowsNegative concerns SUM meters; LAST and MAX take any number.');
  }
  if (meter.filters.length > MAX_FILTERS) throw invalid(`${field}filters`, `A meter has at most ${MAX_FILTERS} filters.`);
  meter.filters.forEach((filter, index) => {
    checkText(`${field}filters[${index}].property`, filter.property);
    if (filter.values.length === 0 || filter.values.length > MAX_FILTER_VALUES) {
      throw invalid(`${field}filters[${index}].values`, `A filter has 1 to ${MAX_FILTER_VALUES} values.`);
    }
    filter.values.forEach((value) => checkText(`${field}filters[${index}].values`, value));
  });
}
