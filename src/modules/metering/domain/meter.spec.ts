import { describe, expect, it } from '@jest/globals';
import type { DomainError } from '../../../shared/errors.js';
import { validateMeter, type MeterDefinition } from './meter.js';

type Meter = MeterDefinition & { name: string; unit: string | null };
const METER: Meter = {
  name: 'requests',
  unit: null,
  aggregation: 'SUM',
  valueProperty: null,
  carriesOver: false,
  allowsNegative: false,
  filters: [],
};
const filters = (count: number, values: string[] = ['eu']) =>
  Array.from({ length: count }, () => ({ property: 'region', values }));
const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `value ${index}`);

/** The code and field of what is wrong with a meter. */
function faultOf(more: Partial<Meter>, prefix?: string): string | null {
  try {
    validateMeter({ ...METER, ...more }, prefix);
    return null;
  } catch (error) {
    const { code, field } = error as DomainError;
    return `${code} ${field}`;
  }
}

describe('a meter', () => {
  it.each<[string, Partial<Meter>, string | null]>([
    ['of a name', {}, null],
    ['without a name', { name: ' ' }, 'name'],
    ['with a unit', { unit: 'GB' }, null],
    ['with an empty unit', { unit: '' }, 'unit'],
    ['that reads a property', { valueProperty: 'bytes' }, null],
    ['that reads an empty property', { valueProperty: '' }, 'valueProperty'],
    ['that counts events', { aggregation: 'COUNT' }, null],
    ['that counts events by a property', { aggregation: 'COUNT', valueProperty: 'bytes' }, 'valueProperty'],
    ['that counts members of a property', { aggregation: 'UNIQUE_COUNT', valueProperty: 'seat' }, null],
    ['that carries its last value over', { aggregation: 'LAST', carriesOver: true }, null],
    ['that carries its highest value over', { aggregation: 'MAX', carriesOver: true }, null],
    ['that carries a sum over', { aggregation: 'SUM', carriesOver: true }, 'carriesOver'],
    ['that carries a count over', { aggregation: 'COUNT', carriesOver: true }, 'carriesOver'],
    ['that takes corrections', { allowsNegative: true }, null],
    ['that takes corrections of a maximum', { aggregation: 'MAX', allowsNegative: true }, 'allowsNegative'],
    ['with 20 filters', { filters: filters(20) }, null],
    ['with 21 filters', { filters: filters(21) }, 'filters'],
    ['with a filter without values', { filters: filters(1, []) }, 'filters[0].values'],
    ['with a filter of 200 values', { filters: filters(1, texts(200)) }, null],
    ['with a filter of 201 values', { filters: [...filters(1), ...filters(1, texts(201))] }, 'filters[1].values'],
    ['with a filter by nothing', { filters: [...filters(1), { property: '', values: ['eu'] }] }, 'filters[1].property'],
    ['with a filter for nothing', { filters: filters(1, ['eu', '']) }, 'filters[0].values'],
  ])('%s', (_, more, field) => expect(faultOf(more)).toBe(field === null ? null : `VALIDATION_FAILED ${field}`));

  it.each<[Partial<Meter>, string]>([
    [{ name: '' }, 'name'],
    [{ unit: '' }, 'unit'],
    [{ valueProperty: '' }, 'valueProperty'],
    [{ aggregation: 'COUNT', valueProperty: 'bytes' }, 'valueProperty'],
    [{ carriesOver: true }, 'carriesOver'],
    [{ aggregation: 'MAX', allowsNegative: true }, 'allowsNegative'],
    [{ filters: filters(21) }, 'filters'],
    [{ filters: filters(1, []) }, 'filters[0].values'],
    [{ filters: [{ property: '', values: ['eu'] }] }, 'filters[0].property'],
    [{ filters: filters(1, ['']) }, 'filters[0].values'],
  ])('inside an input: %j', (more, field) => {
    expect(faultOf(more, 'input.')).toBe(`VALIDATION_FAILED input.${field}`);
  });
});
