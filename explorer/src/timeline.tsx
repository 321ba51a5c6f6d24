// KPIs by day or hour, as lines or as heat maps: a KPI is drawn as a measurement, what it is of as
// the place of a series.

import { useMemo, useState } from "preact/hooks";
import { Chart } from "./chart.tsx";
import { asMeasurement, type Asked, keyOf, type Loaded, nameOf, type Row, useFigures } from "./figures.ts";
import { HeatMap } from "./heatmap.tsx";
import { Legend, Range } from "./legend.tsx";
import { openWindow, periodOf } from "./load.ts";
import type { Grain, Incident } from "./model.ts";
import type { Period } from "./period.ts";
import type { Scene } from "./scene.ts";
import { type Column, type Frame, gridBefore, gridOf, onGrid } from "./values.ts";
import { MOST_SERIES } from "./view.ts";
import { DAY, dayOf, HOUR, isoDate } from "./zone.ts";

const SHORT = 3 * DAY + HOUR; // also where clocks go back
const REFERENCE = "energy_reference"; // is drawn in the colour of what it is the reference of
const NO_INCIDENTS: Incident[] = [];

interface Props {
  scene: Scene;
  columns: readonly string[];
  kpis: readonly string[];
}

interface LinesProps extends Props {
  beside?: string; // KPI of all that was chosen
  only?: string; // key of what is drawn alone
  isDaily?: boolean; // also over a few days
}

/** By the hour over a few days, else by day; a click on a day shows its hours. */
export function Lines({ scene, columns, kpis, beside, only, isDaily = false }: LinesProps) {
  const { words } = scene;
  const [cursor, point] = useState<number | null>(null);
  const grain = isDaily || lengthOf(periodOf(scene)) > SHORT ? "1d" : "1h";
  const asked = [timed(columns, kpis, grain), timed(["building_id"], beside ? [beside] : [], grain)];
  const { loaded, failed } = useFigures(scene, asked);
  const frame = useMemo(() => loaded && frameOf(scene, loaded, only), [loaded, only]);
  if (failed) return <p class="problem">{failed}</p>;
  if (!loaded || !frame?.columns.length) return null;
  const drawn = asSeries(scene, loaded);
  const onPick = (column: Column, index: number) => {
    if (frame.grain === "1d") openWindow(drawn, frame, column, index);
  };
  return (
    <section>
      {frame.columns.length > MOST_SERIES && (
        <p class="problem">{words.say("too_many_series", { most: MOST_SERIES })}</p>
      )}
      <Range scene={drawn} frame={frame} />
      <Chart scene={drawn} incidents={NO_INCIDENTS} onCursor={point} {...{ frame, cursor, onPick }} />
      <Legend scene={drawn} frame={frame} cursor={cursor} hasSummary={false} />
    </section>
  );
}

/** Hours of the day over days, for each of what KPIs are of. */
export function HeatMaps({ scene, columns, kpis }: Props) {
  const alone = { ...scene, view: { ...scene.view, before: "" } };
  const { loaded, failed } = useFigures(alone, [timed(columns, kpis, "1h")]);
  const frame = useMemo(() => loaded && frameOf(scene, loaded), [loaded]);
  if (failed) return <p class="problem">{failed}</p>;
  if (!loaded || !frame) return null;
  const drawn = asSeries(scene, loaded);
  return (
    <section>
      {frame.columns.map((column) => (
        <HeatMap key={column.series.id} scene={drawn} frame={frame} column={column} />
      ))}
    </section>
  );
}

function timed(columns: readonly string[], kpis: readonly string[], grain: Grain): Asked {
  return { by: [...columns, grain === "1h" ? "hour" : "local_date"], kpis };
}

function lengthOf({ start, stop }: Period): number {
  return stop - start;
}

/** Where KPIs are measurements, and a period is of whole days. */
function asSeries(scene: Scene, { now }: Loaded): Scene {
  const { published, view, zone } = scene;
  const described = now.flatMap(({ kpis, rows }) => kpis.map((kpi) => asMeasurement(kpi, rows)));
  const measurements = new Map(described.map((one) => [one.measurement, one]));
  const labels = { measurement: published.labels?.kpi ?? {} };
  return {
    ...scene,
    published: { ...published, measurements, labels, series: [] },
    go({ datetime, ...change }) {
      if (!datetime) return scene.go(change);
      const { start, stop } = periodOf({ ...scene, view: { ...view, datetime } });
      const [first, last] = [dayOf(zone.toLocal(start)), dayOf(zone.toLocal(stop - 1))];
      scene.go({ ...change, datetime: `${isoDate(first)}/${isoDate(last + DAY)}` });
    },
  };
}

function frameOf(scene: Scene, { asked, period, length, now, before }: Loaded, only?: string): Frame {
  const grain = asked[0]!.by.includes("hour") ? "1h" : "1d";
  const t = gridOf(period, grain, scene.zone);
  const tBefore = before ? gridBefore(t, grain, length, scene.zone) : [];
  const columns = [
    ...now.flatMap(({ rows }, n) => columnsOf(scene, rows, asked[n]!, t, false)),
    ...(before ? columnsOf(scene, before[0]!.rows, asked[0]!, tBefore, true) : []),
  ].filter((column) => only === undefined || column.series.id === `${column.series.measurement} ${only}`);
  columns.sort((one, other) => Number(one.like !== undefined) - Number(other.like !== undefined));
  return { grain, period, t, tBefore, columns: columns.slice(0, MOST_SERIES) };
}

function columnsOf(scene: Scene, rows: Row[], { by }: Asked, grid: number[], isEarlier: boolean): Column[] {
  const { published, zone } = scene;
  const columns = by.slice(0, -1); // without the time
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const id = `${row.kpi} ${keyOf(row, columns)}`;
    found.set(id, [...(found.get(id) ?? []), row]);
  }
  return [...found].map(([id, own]) => {
    const { kpi, building_id } = own[0]!;
    const location = building_id === undefined ? nameOf(scene, own[0]!, columns) : published.building.name;
    const series = { id, building_id: "", source: "", location, measurement: kpi, first: "", last: "" };
    const t = own.map(({ hour, local_date }) =>
      hour ? Date.parse(String(hour)) / 1000 : zone.toInstant(Date.parse(String(local_date)) / 1000),
    );
    const values = { t, value: own.map((row) => row.value), min: null, max: null, count: null };
    const column = onGrid(series, values, grid, isEarlier);
    return kpi === REFERENCE ? { ...column, like: id.replace(REFERENCE, "energy") } : column;
  });
}
