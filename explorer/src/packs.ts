// The files of a release: explorer/data/, cut when it was published.

import type { Building, Labels, Measurement, Numbers, Place, Published, Series, Values } from "./model.ts";
import { getJson, kept, type Source } from "./source.ts";
import { joined, pooled } from "./values.ts";
import { DAY, type Zone } from "./zone.ts";

interface Pointer {
  version: string;
  path: string;
}

interface Index {
  version: string;
  as_of: string;
  buildings: Building[];
  hierarchy: Place[];
  measurements: Measurement[];
  series: Series[];
  labels?: Labels;
}

interface Packed {
  decimals: number;
  hours: { start: number; step: number; value: Numbers };
  days: { start: string; value: Numbers; min: Numbers; max: Numbers; count: Numbers } | null;
}

interface Pack {
  series: Record<string, Packed>;
}

/** `root` is the folder with latest.json. */
export function packs(root: string): Source {
  const pointer = kept(() => getJson<Pointer>(`${root}latest.json`));
  const release = async () => `${root}${(await pointer("")).path}`;
  const index = kept(async () => getJson<Index>(`${await release()}/explorer/data/index.json`));
  const pack = kept(async (name) => getJson<Pack>(`${await release()}/explorer/data/${name}.json`));
  const sums = kept(async () => {
    const answer = await fetch(`${await release()}/SHA256SUMS`);
    return answer.ok ? answer.text() : "";
  });

  async function published(buildingId: string): Promise<Published> {
    const all = await index("");
    const building = all.buildings.find((row) => row.building_id === buildingId);
    if (!building) throw new RangeError(buildingId);
    const own = <T extends { building_id: string }>(rows: T[]) =>
      rows.filter((row) => row.building_id === buildingId);
    return {
      release: all.version,
      as_of: all.as_of,
      building,
      places: own(all.hierarchy),
      measurements: new Map(all.measurements.map((row) => [row.measurement, row])),
      series: own(all.series),
      labels: all.labels,
    };
  }

  /** All years of a series that a period touches, as hours or as days. */
  async function years(series: Series, first: string, last: string): Promise<Packed[]> {
    const names = Object.entries(series.packs ?? {})
      .filter(([year]) => first <= year && year <= last)
      .sort()
      .map(([year, number]) => `${encodeURIComponent(series.building_id)}/${year}/${number}`);
    const found = await Promise.all(names.map(pack));
    return found.flatMap((one) => one.series[series.id] ?? []);
  }

  return {
    api: "",
    buildings: async () => (await index("")).buildings,
    published,
    async values(from, series, period, grain, zone) {
      const yearOf = (t: number) => new Date(zone.toLocal(t) * 1000).getUTCFullYear().toString();
      return Promise.all(
        series.map(async (one) => {
          const end = period.stop - 1 + (grain === "1w" ? 6 * DAY : 0); // the last week is whole
          const own = await years(one, yearOf(period.start), yearOf(end));
          const parts = own.map((packed) => (grain === "1h" ? hours(packed) : days(packed, zone)));
          const isAdded = from.measurements.get(one.measurement)?.aggregation === "additive";
          const all = joined(parts);
          return grain === "1w" || grain === "1M" ? pooled(all, grain, isAdded, zone, Date.parse(from.as_of) / 1000) : all;
        }),
      );
    },
    incidents: async () => [],
    forecasts: async () => ({ forecasts: [], issued: 0 }),
    readings: async () => null,
    async files() {
      const lines = (await sums("")).split("\n").filter(Boolean);
      return lines.map((line) => ({ sha256: line.slice(0, 64), path: line.slice(66) }));
    },
    fileAddress: (from, path) => new URL(`${root}releases/${from.release}/${path}`, location.href).href,
  };
}

/** First value, then differences, in units of the last decimal; null is a gap. */
function decoded(steps: Numbers, decimals: number): Numbers {
  const scale = 10 ** Math.abs(decimals);
  let units = 0;
  return steps.map((step) => {
    if (step === null) return null;
    units += step;
    return decimals < 0 ? units * scale : units / scale;
  });
}

function hours({ hours: { start, step, value }, decimals }: Packed): Values {
  const t = value.map((_, n) => start + n * step);
  return { t, value: decoded(value, decimals), min: null, max: null, count: null };
}

function days({ days: own, decimals }: Packed, zone: Zone): Values {
  if (!own) return { t: [], value: [], min: null, max: null, count: null };
  const first = Date.parse(own.start) / 1000;
  const [min, max] = [decoded(own.min, decimals), decoded(own.max, decimals)];
  return {
    t: own.value.map((_, n) => zone.toInstant(first + n * DAY)),
    value: decoded(own.value, decimals),
    min: min.some((number) => number !== null) ? min : null,
    max: max.some((number) => number !== null) ? max : null,
    count: decoded(own.count, 0),
  };
}
