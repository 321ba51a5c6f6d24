// From what a source gives to what is drawn: every series on one grid of windows, with gaps.

import type { Grain, Numbers, Series, Values } from "./model.ts";
import { moved, type Period } from "./period.ts";
import { addMonths, DAY, dayOf, HOUR, monthOf, weekOf, type Zone } from "./zone.ts";

const MOST_HOURS = 2000; // of a chart; a longer period is drawn by days

/** A series on the grid of a frame. */
export interface Column {
  series: Series;
  isEarlier: boolean; // of the period that is compared with
  like?: string; // id of a series in whose colour it is dashed
  dash?: number[] | undefined; // and how
  value: Numbers;
  min: Numbers | null;
  max: Numbers | null;
  count: Numbers | null;
}

export interface Frame {
  grain: Grain;
  period: Period;
  t: number[]; // when each window begins
  tBefore: number[]; // and the one that it is compared with; empty if there is none
  columns: Column[];
}

/** Hours or days, the finest that a chart can show. */
export function grainOf(period: Period): Grain {
  const seconds = period.stop - period.start;
  return seconds / HOUR > MOST_HOURS && seconds > 2 * DAY ? "1d" : "1h";
}

/** When the windows of a period begin: full hours, or days, weeks and months of the calendar. */
export function gridOf(period: Period, grain: Grain, zone: Zone): number[] {
  const grid: number[] = [];
  if (grain === "1h") {
    for (let t = Math.ceil(period.start / HOUR) * HOUR; t < period.stop; t += HOUR) grid.push(t);
    return grid;
  }
  const whole = { "1d": dayOf, "1w": weekOf, "1M": monthOf }[grain];
  for (let local = whole(zone.toLocal(period.start)); ; local = next(local, grain)) {
    const t = zone.toInstant(local);
    if (t >= period.stop) return grid;
    if (t >= period.start) grid.push(t);
  }
}

export function next(local: number, grain: Grain): number {
  if (grain === "1M") return addMonths(local, 1);
  return local + { "1h": HOUR, "1d": DAY, "1w": 7 * DAY }[grain];
}

/** The values of a series on a grid; null where there are none. */
export function onGrid(series: Series, values: Values, grid: number[], isEarlier = false): Column {
  const place = new Map(values.t.map((t, n) => [t, n]));
  const spread = (numbers: Numbers | null) =>
    numbers && grid.map((t) => numbers[place.get(t) ?? -1] ?? null);
  return {
    series,
    isEarlier,
    value: spread(values.value)!,
    min: spread(values.min),
    max: spread(values.max),
    count: spread(values.count),
  };
}

/** For each window of a grid the one that the clock showed some time before. */
export function gridBefore(grid: number[], grain: Grain, length: string, zone: Zone): number[] {
  const back = grain === "1w" && length.endsWith("Y") ? `P${52 * parseInt(length.slice(1))}W` : length;
  return grid.map((t) => zone.toInstant(moved(zone.toLocal(t), back, -1)));
}

/** Parts that follow one another, as one. */
export function joined(parts: Values[]): Values {
  if (parts.length === 1) return parts[0]!;
  const all = (name: "min" | "max" | "count") =>
    parts.some((part) => part[name])
      ? parts.flatMap((part) => part[name] ?? (name === "count" ? part.t.map(() => 1) : part.value))
      : null;
  return {
    t: parts.flatMap((part) => part.t),
    value: parts.flatMap((part) => part.value),
    min: all("min"),
    max: all("max"),
    count: all("count"),
  };
}

/** Days pooled to the weeks or months in which they are, of those that are over at a time. */
export function pooled(
  days: Values,
  grain: "1w" | "1M",
  isAdded: boolean,
  zone: Zone,
  asOf: number,
): Values {
  const whole = grain === "1w" ? weekOf : monthOf;
  const found: Values = { t: [], value: [], min: isAdded ? null : [], max: isAdded ? null : [], count: [] };
  let members: number[] = [];
  const close = () => {
    const start = members.length ? whole(zone.toLocal(days.t[members[0]!]!)) : Infinity;
    if (start === Infinity || zone.toInstant(next(start, grain)) > asOf) return;
    const of = (numbers: Numbers | null) => members.map((n) => numbers?.[n] ?? null);
    const counts = of(days.count).map((count) => count ?? 1);
    const values = of(days.value).map((value) => value ?? 0);
    const readings = sum(counts);
    const weighted = sum(values.map((value, n) => value * counts[n]!)) / readings;
    found.t.push(zone.toInstant(start));
    found.value.push(isAdded ? sum(values) : weighted);
    found.count!.push(readings);
    found.min?.push(least(of(days.min ?? days.value), Math.min));
    found.max?.push(least(of(days.max ?? days.value), Math.max));
  };
  days.t.forEach((t, n) => {
    if (days.value[n] == null) return;
    const start = whole(zone.toLocal(t));
    if (members.length && whole(zone.toLocal(days.t[members[0]!]!)) !== start) {
      close();
      members = [];
    }
    members.push(n);
  });
  close();
  return found;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function least(numbers: Numbers, choose: (...numbers: number[]) => number): number | null {
  const there = numbers.filter((number) => number !== null);
  return there.length ? choose(...there) : null;
}

export interface Summary {
  mean: number | null; // of additive measurements: the sum
  min: number | null;
  max: number | null;
  windows: number; // that have a value
}

/** Of what is shown. Hours count alike; longer windows by their readings, which both sources know. */
export function summarize(column: Column, grain: Grain, isAdded: boolean): Summary {
  let total = 0;
  let weight = 0;
  let windows = 0;
  let min: number | null = null;
  let max: number | null = null;
  column.value.forEach((value, n) => {
    if (value === null) return;
    const readings = isAdded || grain === "1h" ? 1 : (column.count?.[n] ?? 1);
    windows += 1;
    total += value * readings;
    weight += readings;
    const low = column.min?.[n] ?? value;
    const high = column.max?.[n] ?? value;
    min = min === null || low < min ? low : min;
    max = max === null || high > max ? high : max;
  });
  return { mean: weight ? (isAdded ? total : total / weight) : null, min, max, windows };
}
