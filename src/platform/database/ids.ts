import { v7, validate } from 'uuid';

/** A new id: UUID version 7, so that ids sort by creation and "newest first" is an index scan. */
export const newId = (): string => v7();

export const isId = (text: string): boolean => validate(text);
