import type { Measurement, Published, Series } from "./model.ts";
import type { Source } from "./source.ts";
import type { View } from "./view.ts";
import type { Words } from "./words.ts";
import type { Zone } from "./zone.ts";

/** What every part of the page is given. */
export interface Scene {
  source: Source;
  published: Published;
  zone: Zone;
  words: Words;
  view: View;
  /** Show something else; the address changes with it. */
  go(change: Partial<View>): void;
}

export function measurementOf({ published }: Scene, series: Series): Measurement | undefined {
  return published.measurements.get(series.measurement);
}

export function isAdded({ published }: Scene, { measurement }: { measurement: string }): boolean {
  return published.measurements.get(measurement)?.aggregation === "additive";
}

export function measurementLabel({ words, published }: Scene, name: string): string {
  const otherwise = published.measurements.get(name)?.description ?? name;
  return words.label(published.labels, "measurement", name, otherwise);
}

/** Place and measurement of a series; the source only where two have the same. */
export function seriesLabel(scene: Scene, series: Series): string {
  const twins = scene.published.series.filter(
    (one) => one.location === series.location && one.measurement === series.measurement,
  );
  const place = twins.length > 1 ? `${series.location} (${series.source})` : series.location;
  return `${place} · ${measurementLabel(scene, series.measurement)}`;
}

export function asOf(published: Published): number {
  return Date.parse(published.as_of) / 1000;
}

/** The first hour of a building. */
export function firstHour(published: Published): number {
  const firsts = published.series.map((one) => Date.parse(one.first) / 1000);
  return firsts.length ? Math.min(...firsts) : asOf(published);
}
