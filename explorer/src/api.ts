// The JSON API: the release's doubles, incidents and raw lines.

import type {
  Building,
  Forecast,
  Incident,
  Labels,
  Measurement,
  Numbers,
  Place,
  Published,
  Reading,
  ReleaseFile,
  Series,
  Values,
} from "./model.ts";
import type { Period } from "./period.ts";
import { getJson, kept, NewerRelease, type Source } from "./source.ts";
import { joined } from "./values.ts";
import { HOUR } from "./zone.ts";

const MOST_POINTS = 20000;
const MOST_SERIES = 20;

interface AnsweredSeries {
  t?: number[];
  start?: number;
  step?: number;
  mean?: Numbers;
  sum?: Numbers;
  min: Numbers | null;
  max: Numbers | null;
  count: Numbers | null;
}

interface Answer extends Head {
  series: AnsweredSeries[];
}

interface Issued {
  series: Forecast[];
  issue_time: string;
}

interface Head {
  release: string;
  as_of: string;
}

/** `base` ends with the version of the API, such as ../api/v1. */
export function api(base: string): Source {
  const all = kept(() => getJson<{ buildings: (Building & Head)[] }>(`${base}/buildings`));
  const measured = kept(() =>
    getJson<{ measurements: Measurement[]; labels: Labels }>(`${base}/measurements`),
  );
  const at = (from: Published) => `${base}/buildings/${encodeURIComponent(from.building.building_id)}`;

  const published = kept(async (buildingId: string): Promise<Published> => {
    const path = `${base}/buildings/${encodeURIComponent(buildingId)}`;
    const [building, tree, series, { measurements, labels }] = await Promise.all([
      getJson<Head & { building: Building }>(path),
      getJson<Head & { nodes: Place[] }>(`${path}/hierarchy`),
      allPages<Series>(`${path}/series`, "series"),
      measured(""),
    ]);
    sameRelease<Head>(building.release)(tree);
    return {
      release: building.release,
      as_of: building.as_of,
      building: building.building,
      places: tree.nodes,
      measurements: new Map(measurements.map((row) => [row.measurement, row])),
      series,
      labels,
    };
  });

  return {
    api: base,
    buildings: async () => (await all("")).buildings,
    published,
    async values(from, series, period, grain) {
      const groups = Array.from({ length: Math.ceil(series.length / MOST_SERIES) }, (_, n) =>
        series.slice(n * MOST_SERIES, (n + 1) * MOST_SERIES),
      );
      const parts = grain === "1h" ? partsOf(period) : [period];
      const read = async (group: Series[]) => {
        const answers = await Promise.all(
          parts.map((part) => {
            const asked = new URLSearchParams({
              series: group.map((one) => one.id).join(","),
              datetime: `${iso(part.start)}/${iso(part.stop)}`,
              grain,
              max_points: String(MOST_POINTS),
            });
            return getJson<Answer>(`${at(from)}/data?${asked}`).then(sameRelease(from.release));
          }),
        );
        return group.map((_, n) => joined(answers.map((answer) => valuesOf(answer.series[n]!))));
      };
      return (await Promise.all(groups.map(read))).flat();
    },
    async incidents(from) {
      if (!from.building.is_whole) return [];
      return allPages<Incident>(`${at(from)}/health/findings`, "findings");
    },
    async forecasts(from, series) {
      if (!series.length || from.building.forecast == null) return { forecasts: [], issued: 0 };
      const asked = new URLSearchParams({ series: series.map((one) => one.id).join(",") });
      const { series: forecasts, issue_time } = await getJson<Issued>(`${at(from)}/forecast?${asked}`);
      return { forecasts, issued: Date.parse(issue_time) / 1000 };
    },
    async readings(from, series, t) {
      const asked = new URLSearchParams({ series: series.id, at: iso(t), raw: String(from.building.is_whole ?? true) });
      return (await getJson<{ readings: Reading[] }>(`${at(from)}/lineage?${asked}`)).readings;
    },
    async files(from) {
      return (await getJson<{ files: ReleaseFile[] }>(`${base}/releases/${from.release}`)).files;
    },
    fileAddress: (from, path) =>
      new URL(`${base}/releases/${from.release}/files/${path}`, location.href).href,
  };
}

/** Passes an answer on, if it is of this release. Throws NewerRelease. */
function sameRelease<T extends Head>(release: string): (answer: T) => T {
  return (answer) => {
    if (answer.release !== release) throw new NewerRelease(answer.release);
    return answer;
  };
}

/** The rows of a list that comes in pages. */
async function allPages<T>(address: string, name: string): Promise<T[]> {
  const rows: T[] = [];
  for (let query: string | null = "?limit=1000"; query !== null; ) {
    const page: Record<string, T[]> & { links?: { next: string | null } } = await getJson(address + query);
    rows.push(...page[name]!);
    query = page.links?.next ?? null;
  }
  return rows;
}

/** Parts of which the API gives every hour. */
function partsOf({ start, stop }: Period): Period[] {
  const length = MOST_POINTS * HOUR;
  const parts: Period[] = [];
  for (let from = start; from < stop; from += length) {
    parts.push({ start: from, stop: Math.min(stop, from + length) });
  }
  return parts;
}

function valuesOf({ t, start, step, mean, sum, min, max, count }: AnsweredSeries): Values {
  const value = sum ?? mean ?? [];
  return { t: t ?? value.map((_, n) => start! + n * step!), value, min, max, count };
}

export function iso(t: number): string {
  return new Date(t * 1000).toISOString().replace(".000Z", "Z");
}
