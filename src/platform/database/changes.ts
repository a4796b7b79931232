/** The channel on which the database tells which table had rows changed that processes may keep copies of. */
export const CHANGES = 'fluxrate_changes';
