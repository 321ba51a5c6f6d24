// What the API gives of KPIs, over the whole days of a period and of the one before.

import { useEffect, useState } from "preact/hooks";
import { iso } from "./api.ts";
import { periodOf } from "./load.ts";
import type { Measurement, Published } from "./model.ts";
import { earlier, type Period } from "./period.ts";
import type { Scene } from "./scene.ts";
import { getJson } from "./source.ts";
import type { By } from "./view.ts";
import { DAY, dayOf, type Zone } from "./zone.ts";

export interface Kpi {
  name: string;
  unit: string;
  table: string;
  description: string;
}

export interface Row {
  kpi: string;
  value: number;
  [column: string]: string | number;
}

export interface Figures {
  kpis: Kpi[];
  rows: Row[];
}

export interface Asked {
  by: readonly string[];
  kpis: readonly string[];
}

/** Answers to what was asked, in its order. */
export interface Loaded {
  asked: Asked[];
  period: Period;
  length: string; // how long before the other period is; empty: there is none
  now: Figures[];
  before: Figures[] | null;
}

/** The columns that a row has the name of, by what it is of. */
export const COLUMNS: Record<By, readonly string[]> = {
  apartment: ["apartment"],
  room: ["apartment", "room"],
  device: ["sensor_id"],
};
const DECIMALS: Record<string, number> = { "kW.h": 2, CHF: 2, W: 0, "[ppm]": 0, "1": 0, min: 0 };

export function useFigures(scene: Scene, asked: Asked[]): { loaded: Loaded | null; failed: string } {
  const { published, view, zone } = scene;
  const [loaded, keep] = useState<Loaded | null>(null);
  const [failed, fail] = useState("");
  const apartment = apartmentOf(scene);

  useEffect(() => {
    let isCurrent = true;
    const period = periodOf(scene);
    const read = async (days: Period) => Promise.all(asked.map((one) => readFigures(scene, one, days)));
    const before = view.before ? read(earlier(period, view.before, zone)) : null;
    Promise.all([read(period), before]).then(
      (found) => {
        if (!isCurrent) return;
        fail("");
        keep({ asked, period: wholeDays(period, zone), length: view.before, now: found[0], before: found[1] });
      },
      (error: Error) => isCurrent && fail(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [published, view.datetime, view.before, apartment, JSON.stringify(asked)]);
  return { loaded, failed };
}

async function readFigures(scene: Scene, { by, kpis }: Asked, period: Period): Promise<Figures> {
  const { source, published, zone } = scene;
  const { start, stop } = wholeDays(period, zone);
  const wanted = given(published, kpis);
  if (!wanted.length || start >= stop) return { kpis: [], rows: [] };
  const apartment = apartmentOf(scene);
  const asked = new URLSearchParams({
    by: [...(apartment ? ["apartment"] : []), ...by].join(","),
    kpi: wanted.join(","),
    datetime: `${iso(start)}/${iso(stop)}`,
  });
  const path = `${source.api}/buildings/${encodeURIComponent(published.building.building_id)}/kpis`;
  const { kpis: known, rows } = await getJson<Figures>(`${path}?${asked}`);
  return { kpis: known, rows: rows.filter((row) => !apartment || row.apartment === apartment) };
}

/** Of some KPIs those that the reader is given. */
export function given({ building }: Published, names: readonly string[]): string[] {
  return names.filter((name) => building.kpis?.includes(name));
}

export function apartmentsOf({ places }: Published): string[] {
  return places.filter((place) => place.type === "Apartment").map((place) => place.name).sort();
}

/** The apartment that was chosen; empty: all of them. */
export function apartmentOf({ published, view }: Scene): string {
  return apartmentsOf(published).includes(view.apartment) ? view.apartment : "";
}

export function isOneApartment(scene: Scene): boolean {
  return apartmentOf(scene) !== "" || apartmentsOf(scene.published).length === 1;
}

/** What a row is of; without its apartment where there is one alone. */
export function nameOf(scene: Scene, row: Row, columns: readonly string[]): string {
  const shown = isOneApartment(scene) && columns.length > 1 ? columns.filter((column) => column !== "apartment") : columns;
  return shown.map((column) => row[column]).join(" · ");
}

/** The same for all rows of a group, and of no other. */
export function keyOf(row: Row, columns: readonly string[]): string {
  return columns.map((column) => row[column]).join(" · ");
}

export function kpiLabel({ words, published }: Scene, name: string): string {
  return words.label(published.labels, "kpi", name, name);
}

/** A KPI as a measurement; less than one of what has decimals has one more. */
export function asMeasurement({ name, unit, description }: Kpi, rows: Row[]): Measurement {
  const values = rows.filter((row) => row.kpi === name).map((row) => Math.abs(row.value));
  const usual = DECIMALS[unit] ?? 1;
  const decimals = usual > 1 && Math.max(...values) < 1 ? usual + 1 : usual;
  return { measurement: name, unit, aggregation: "nonadditive", decimals, description };
}

/** The days on the building's clock that lie in a period. */
function wholeDays({ start, stop }: Period, zone: Zone): Period {
  const first = zone.toInstant(dayOf(zone.toLocal(start)));
  const next = () => zone.toInstant(dayOf(zone.toLocal(start)) + DAY);
  return { start: first === start ? start : next(), stop: zone.toInstant(dayOf(zone.toLocal(stop))) };
}
