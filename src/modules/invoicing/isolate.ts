import { DomainError } from '../../shared/errors.js';

/**
 * Does the work for all items together. When that fails, for each half of them, and so on, until it is known whose failure it is: one
 * item's failure stops no other, at the price of some repeated work. A failure that is nobody's, such as a database that is gone, is thrown.
 */
export async function isolate<T>(
  items: readonly T[],
  work: (some: readonly T[]) => Promise<void>,
  onFailure: (item: T, error: unknown) => Promise<void>,
): Promise<void> {
  if (items.length === 0) return;
  try {
    await work(items);
  } catch (error) {
    if (isOutage(error)) throw error;
    if (items.length === 1) return onFailure(items[0], error);
    const middle = Math.ceil(items.length / 2);
    await isolate(items.slice(0, middle), work, onFailure);
    await isolate(items.slice(middle), work, onFailure);
  }
}

export const isOutage = (error: unknown): boolean => error instanceof DomainError && error.code === 'SERVICE_UNAVAILABLE';
