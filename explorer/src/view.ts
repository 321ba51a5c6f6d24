// What is looked at, as the part of the address after #: whoever opens the link sees the same.

import { GRAINS, type Grain, type Published, type Series } from "./model.ts";
import { branches, locationsOf } from "./places.ts";

export const PAGES = [
  "explore",
  "energy",
  "environment",
  "presence",
  "devices",
  "kpis",
  "forecast",
  "health",
  "release",
  "report",
] as const;
export const SHAPES = ["lines", "heatmap", "floors", "calendar", "table"] as const;
export const BY = ["apartment", "room", "device"] as const;
export const MOST_SERIES = 20;
const MANY = 400; // characters of a value that somebody may have written by hand

export type PageName = (typeof PAGES)[number];
export type By = (typeof BY)[number];
export type Shape = (typeof SHAPES)[number];

export interface View {
  page: PageName;
  building: string;
  places: string[];
  measurements: string[];
  datetime: string;
  grain: Grain | "auto";
  before: string; // length, such as P1Y: compare with the same period so long before
  shape: Shape;
  language: string;
  month: string; // of a report
  apartment: string; // whose KPIs are shown; empty: all
  by: By; // what a KPI is of
  kpi: string; // that is drawn
  device: string; // that is drawn
}

export const START: View = {
  page: "explore",
  building: "",
  places: [],
  measurements: [],
  datetime: "P30D/..",
  grain: "auto",
  before: "",
  shape: "lines",
  language: "",
  month: "",
  apartment: "",
  by: "apartment",
  kpi: "",
  device: "",
};

const NAMES = Object.keys(START) as (keyof View)[];

export function readView(hash: string): View {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const text = (name: keyof View) => (given.get(name) ?? "").slice(0, MANY * 10);
  const list = (name: keyof View) => text(name).split(",").filter(Boolean).map(unquoted);
  const one = <T extends string>(name: keyof View, known: readonly T[], otherwise: T) =>
    known.find((word) => word === text(name)) ?? otherwise;
  return {
    page: one("page", PAGES, START.page),
    building: text("building"),
    places: list("places"),
    measurements: list("measurements"),
    datetime: text("datetime") || START.datetime,
    grain: one("grain", ["auto", ...GRAINS], "auto"),
    before: /^P\d{1,4}[DWMY]$/.test(text("before")) ? text("before") : "",
    shape: one("shape", SHAPES, START.shape),
    language: text("language"),
    month: /^\d{4}-\d\d$/.test(text("month")) ? text("month") : "",
    apartment: text("apartment"),
    by: one("by", BY, START.by),
    kpi: text("kpi"),
    device: text("device"),
  };
}

/** Only what differs from the start, in one order: equal views have equal addresses. */
export function writeView(view: View): string {
  const given = new URLSearchParams();
  for (const name of NAMES) {
    const value = view[name];
    const text = Array.isArray(value) ? value.map(quoted).join(",") : value;
    if (text && text !== START[name]) given.set(name, text);
  }
  const text = given.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `#${text}`;
}

function quoted(name: string): string {
  return name.replaceAll("%", "%25").replaceAll(",", "%2C");
}

function unquoted(name: string): string {
  return name.replaceAll("%2C", ",").replaceAll("%25", "%");
}

/** The series of the chosen places and measurements, in the order in which they were chosen. */
export function chosenSeries(view: View, published: Published): Series[] {
  return view.places.flatMap((place) =>
    view.measurements.flatMap((measurement) =>
      published.series.filter((one) => one.location === place && one.measurement === measurement),
    ),
  );
}

/** Of what nothing was chosen: the measurement with most series, and its first three places. */
export function withDefaults(view: View, published: Published): View {
  const { series } = published;
  const known = new Set(series.map((one) => one.measurement));
  let measurements = view.measurements.filter((name) => known.has(name));
  if (!measurements.length) {
    const count = (name: string) => series.filter((one) => one.measurement === name).length;
    measurements = [...known].sort((a, b) => count(b) - count(a)).slice(0, 1);
  }
  const there = new Set(series.map((one) => one.location));
  let places = view.places.filter((name) => there.has(name));
  if (!places.length) {
    const own = series.filter((one) => measurements.includes(one.measurement));
    const measured = new Set(own.map((one) => one.location));
    const inOrder = branches(published).flatMap(locationsOf);
    places = inOrder.filter((name) => measured.has(name)).slice(0, 3);
  }
  return { ...view, building: published.building.building_id, places, measurements };
}
