import type { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';

export interface Lab {
  postgres: EmbeddedPostgres;
  postgresPid: number;
  /** Events that large tables hold. */
  stored: number;
  scale: number;
  repeats: number;
}

export interface Figure {
  name: string;
  value: number;
  unit: string;
  goal?: string;
  /** null: a figure without a goal. */
  passes: boolean | null;
}

export const figure = (name: string, value: number, unit: string, goal?: [least: '≥' | '≤', bound: number]): Figure => ({
  name,
  value,
  unit,
  ...(goal ? { goal: goal.join(' ') } : {}),
  passes: goal ? (goal[0] === '≥' ? value >= goal[1] : value <= goal[1]) : null,
});
