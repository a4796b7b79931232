import { DomainError } from './errors.js';

/** A state table: for each state, the states it may change to. */
export type TransitionTable<State extends string> = Readonly<Record<State, readonly State[]>>;

/** Refuses a change that the table lacks with INVALID_TRANSITION. */
export function assertTransition<State extends string>(
  noun: string,
  table: TransitionTable<State>,
  from: State,
  to: State,
): void {
  if (!table[from].includes(to)) {
    throw new DomainError('INVALID_TRANSITION', `${noun} is ${from} and cannot become ${to}.`, undefined, { from, to });
  }
}
