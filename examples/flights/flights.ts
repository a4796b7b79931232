import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** One domestic flight of January to March 2001. */
export interface Flight {
  /** Its place in the file, counted from 1. */
  row: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  /** RFC 3339. */
  departedAt: string;
  origin: string;
  destination: string;
  miles: number;
}

interface Row {
  /** `YYYY/MM/DD HH:MM` */
  date: string;
  origin: string;
  destination: string;
  distance: number;
}

/** The flights of `flights-20k.json.gz`, in the file's order, which is that of departure. */
export function readFlights(): Flight[] {
  const file = new URL('flights-20k.json.gz', import.meta.url);
  const rows = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Row[];
  return rows.map(({ date, origin, destination, distance }, index) => {
    const day = date.slice(0, 10).replaceAll('/', '-');
    return { row: index + 1, day, departedAt: `${day}T${date.slice(11)}:00Z`, origin, destination, miles: distance };
  });
}
