import { earlier, type Period, readPeriod } from "./period.ts";
import { asOf, firstHour, type Scene } from "./scene.ts";
import { type Column, type Frame, grainOf, gridBefore, gridOf, next, onGrid } from "./values.ts";
import { chosenSeries, MOST_SERIES } from "./view.ts";
import type { Grain } from "./model.ts";
import { dayOf, isoDate } from "./zone.ts";

export function periodOf(scene: Scene): Period {
  const { view, zone, published } = scene;
  return readPeriod(view.datetime, zone, firstHour(published), asOf(published));
}

/** Heat map and calendar are made of hours; else it is the grain that was asked for. */
export function shownGrain({ view }: Scene, period: Period): Grain {
  if (view.shape === "heatmap" || view.shape === "calendar") return "1h";
  return view.grain === "auto" ? grainOf(period) : view.grain;
}

/** All that the view shows, on one grid. Throws RangeError for a period that is none. */
export async function loadFrame(scene: Scene): Promise<Frame> {
  const { source, published, zone, view } = scene;
  const period = periodOf(scene);
  const grain = shownGrain(scene, period);
  const series = chosenSeries(view, published).slice(0, MOST_SERIES);
  const length = view.shape === "lines" || view.shape === "table" ? view.before : "";
  const grid = gridOf(period, grain, zone);
  const reading = source.values(published, series, period, grain, zone);
  const before = length ? earlier(period, length, zone) : null;
  const readingBefore = before ? source.values(published, series, before, grain, zone) : [];
  const [values, valuesBefore] = await Promise.all([reading, readingBefore]);
  const t = before ? gridBefore(grid, grain, length, zone) : [];
  return {
    grain,
    period,
    t: grid,
    tBefore: t,
    columns: [
      ...values.map((own, n) => onGrid(series[n]!, own, grid)),
      ...valuesBefore.map((own, n) => onGrid(series[n]!, own, t, true)),
    ],
  };
}

/** A day, week or month in more detail. */
export function openWindow({ zone, go }: Scene, frame: Frame, column: Column, index: number): void {
  const t = column.isEarlier ? frame.tBefore : frame.t;
  const start = dayOf(zone.toLocal(t[index]!));
  go({ datetime: `${isoDate(start)}/${isoDate(next(start, frame.grain))}`, grain: "auto" });
}
