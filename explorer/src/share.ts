// What is shown, to take along: as CSV, and as code that reads the same from the release.

import type { Point } from "./lineage.tsx";
import { iso } from "./api.ts";
import { isAdded, measurementOf, type Scene } from "./scene.ts";
import type { Column, Frame } from "./values.ts";

const NAMES = ["timestamp", "local_time", "source", "location", "measurement", "unit", "mean", "sum", "min", "max", "count"];
const TABLES = { "1h": "hourly", "1d": "daily", "1w": "weekly", "1M": "monthly" };

/** One row for each value that is shown, with the columns of the API's CSV; no rows for gaps. */
export function toCsv(scene: Scene, frame: Frame): string {
  const rows = frame.columns.flatMap((column) => rowsOf(scene, frame, column));
  return `${[NAMES, ...rows].map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

function rowsOf(scene: Scene, frame: Frame, column: Column): (string | number | null)[][] {
  const { source, location, measurement } = column.series;
  const unit = measurementOf(scene, column.series)?.unit ?? "";
  const added = isAdded(scene, column.series);
  return (column.isEarlier ? frame.tBefore : frame.t).flatMap((t, n) => {
    const value = column.value[n] ?? null;
    if (value === null) return [];
    const [mean, sum] = added ? [null, value] : [value, null];
    const [min, max] = [column.min?.[n] ?? value, column.max?.[n] ?? value];
    const count = column.count?.[n] ?? null;
    return [[iso(t), localTime(scene, t), source, location, measurement, unit, mean, sum, min, max, count]];
  });
}

function cell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Such as 2026-01-13T09:00:00+0100. */
function localTime({ zone }: Scene, t: number): string {
  const minutes = Math.abs(zone.offset(t)) / 60;
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0");
  const sign = zone.offset(t) < 0 ? "-" : "+";
  const clock = new Date(zone.toLocal(t) * 1000).toISOString().slice(0, 19);
  return `${clock}${sign}${two(minutes / 60)}${two(minutes % 60)}`;
}

export function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export const CODES = ["duckdb", "pandas", "polars", "r", "curl"] as const;
export type Code = (typeof CODES)[number];

/** Code that reads what is shown from the release's table. */
export function codeFor(code: Code, scene: Scene, frame: Frame): string {
  const { published, source, view } = scene;
  const table = `public_dataset_${TABLES[frame.grain]}.parquet`;
  const address = source.fileAddress(published, table);
  const [start, stop] = [iso(frame.period.start), iso(frame.period.stop)];
  const building = published.building.building_id;
  const list = (names: string[], quote: string) => names.map((name) => quoted(name, quote)).join(", ");
  switch (code) {
    case "duckdb":
      return `select *
from '${address}'
where building_id = ${quoted(building, "'")}
  and location in (${list(view.places, "'")})
  and measurement in (${list(view.measurements, "'")})
  and timestamp >= '${start}' and timestamp < '${stop}'
order by all;`;
    case "pandas":
      return `import pandas as pd

table = pd.read_parquet("${address}")
table = table[
    (table["building_id"] == ${quoted(building, '"')})
    & table["location"].isin([${list(view.places, '"')}])
    & table["measurement"].isin([${list(view.measurements, '"')}])
    & (table["timestamp"] >= "${start}")
    & (table["timestamp"] < "${stop}")
]`;
    case "polars":
      return `import polars as pl
from datetime import datetime

table = pl.read_parquet("${address}").filter(
    pl.col("building_id") == ${quoted(building, '"')},
    pl.col("location").is_in([${list(view.places, '"')}]),
    pl.col("measurement").is_in([${list(view.measurements, '"')}]),
    pl.col("timestamp") >= datetime.fromisoformat("${start}"),
    pl.col("timestamp") < datetime.fromisoformat("${stop}"),
)`;
    case "r":
      return `library(arrow)
library(dplyr)

download.file("${address}", "${table}", mode = "wb")
table <- read_parquet("${table}") |>
  filter(
    building_id == ${quoted(building, '"')},
    location %in% c(${list(view.places, '"')}),
    measurement %in% c(${list(view.measurements, '"')}),
    timestamp >= as.POSIXct("${start}", format = "%Y-%m-%dT%H:%M:%SZ", tz = "UTC"),
    timestamp < as.POSIXct("${stop}", format = "%Y-%m-%dT%H:%M:%SZ", tz = "UTC")
  )`;
    case "curl":
      return `curl -O '${source.api ? csvAddress(scene, frame) : address}'`;
  }
}

/** The same view from the API, with the release's own doubles. */
export function csvAddress({ source, published }: Scene, frame: Frame, suffix = "csv"): string {
  const ids = frame.columns.filter((one) => !one.isEarlier).map((one) => one.series.id);
  const asked = new URLSearchParams({
    series: ids.join(","),
    datetime: `${iso(frame.period.start)}/${iso(frame.period.stop)}`,
    grain: frame.grain,
    max_points: "20000",
  });
  const path = `buildings/${encodeURIComponent(published.building.building_id)}/data.${suffix}`;
  return new URL(`${source.api}/${path}?${asked}`, location.href).href;
}

/** The raw lines of a point, by DuckDB from the files of a release. */
export function rawQuery({ source, published }: Scene, { column, t }: Point): string {
  const { building_id, source: own, location, measurement } = column.series;
  const file = (name: string) => source.fileAddress(published, name);
  return `with inputs as (
  select unnest(inputs, recursive := true) from read_json('${file("lineage.json")}')
)
select timestamp, value, inputs.path, inputs.sha256, source_line
from '${file("public_dataset_raw.parquet")}'
join inputs using (building_id, source_file)
where building_id = ${quoted(building_id, "'")} and source = ${quoted(own, "'")}
  and location = ${quoted(location, "'")} and measurement = ${quoted(measurement, "'")}
  and timestamp >= '${iso(t)}' and timestamp < '${iso(t + 3600)}';`;
}

function quoted(text: string, quote: string): string {
  if (quote === "'") return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text);
}
