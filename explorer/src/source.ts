// Where the page's data come from. There are two: the files of a release (packs.ts), on any web
// server, and the JSON API (api.ts), which also knows incidents and raw lines.

import type {
  Building,
  Forecast,
  Grain,
  Incident,
  Published,
  Reading,
  ReleaseFile,
  Series,
  Values,
} from "./model.ts";
import type { Period } from "./period.ts";
import type { Zone } from "./zone.ts";

export interface Source {
  /** The base of the API, or "" where there is none. */
  readonly api: string;
  buildings(): Promise<Building[]>;
  published(buildingId: string): Promise<Published>;
  values(from: Published, series: Series[], period: Period, grain: Grain, zone: Zone): Promise<Values[]>;
  incidents(from: Published): Promise<Incident[]>;
  /** Of those of the series that have one, and when they were issued. */
  forecasts(from: Published, series: Series[]): Promise<{ forecasts: Forecast[]; issued: number }>;
  /** The readings of an hour; null where the source cannot know. */
  readings(from: Published, series: Series, t: number): Promise<Reading[] | null>;
  files(from: Published): Promise<ReleaseFile[]>;
  /** The address of a file of the release. */
  fileAddress(from: Published, path: string): string;
}

/** The answer is of another release than the rest of the page. */
export class NewerRelease extends Error {}

export async function getJson<T>(address: string): Promise<T> {
  const answer = await fetch(address);
  if (answer.ok) return (await answer.json()) as T;
  const problem = (await answer.json().catch(() => null)) as { detail?: string } | null;
  throw new Error(problem?.detail ?? `${answer.status} ${address}`);
}

/** What a function gave for an argument, kept; what failed is asked again. */
export function kept<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    let found = known.get(key);
    if (!found) {
      found = make(key);
      known.set(key, found);
      found.catch(() => known.delete(key));
    }
    return found;
  };
}
