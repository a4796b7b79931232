/** Numbers or ids as Postgres writes an array of them: at a fraction of what the driver takes to quote each. */
export const arrayText = (items: readonly (number | string)[]): string => `{${items.join(',')}}`;
