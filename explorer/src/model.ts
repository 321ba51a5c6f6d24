// What is published, as the page knows it: the rows of explorer/data/index.json and of the API.

export interface Building {
  building_id: string;
  name: string;
  timezone: string;
  licence: string;
  /** False for whom only some of its places are; the API alone says so. */
  is_whole?: boolean;
  /** The KPIs that the API gives to the reader. */
  kpis?: string[];
  /** The last forecast, which the API alone has. */
  forecast?: string | null;
}

export interface Place {
  id: string;
  parent_id: string | null;
  type: string;
  name: string;
  level: number;
  building_id: string;
}

export interface Measurement {
  measurement: string;
  unit: string;
  aggregation: "additive" | "nonadditive";
  decimals: number | null;
  description: string;
}

export interface Series {
  id: string;
  building_id: string;
  source: string;
  location: string;
  measurement: string;
  first: string;
  last: string;
  packs?: Record<string, number>;
}

/** Labels of data by kind, name and language, such as labels.measurement.temp_indoor.cs. */
export type Labels = Record<string, Record<string, Record<string, string>>>;

/** A building in one release. */
export interface Published {
  release: string;
  as_of: string;
  building: Building;
  places: Place[];
  measurements: Map<string, Measurement>;
  series: Series[];
  labels?: Labels; // releases made before there were labels have none
}

export const GRAINS = ["1h", "1d", "1w", "1M"] as const;
export type Grain = (typeof GRAINS)[number];
export type Numbers = (number | null)[];

/** Windows of a series that have values: when each begins, and the arrays beside it. */
export interface Values {
  t: number[];
  value: Numbers; // the sum of additive measurements, the mean of others
  min: Numbers | null; // null: equal to the value everywhere
  max: Numbers | null;
  count: Numbers | null; // readings; null: not known, or one in each window
}

/** Hours of a forecast, in arrays beside one another. */
export interface Expected {
  t: number[];
  value: Numbers;
  lower_80: Numbers;
  upper_80: Numbers;
}

/** How far a method was off in the weeks before, over some horizons. */
export interface Quality {
  first_horizon: number; // minutes
  last_horizon: number;
  model: string;
  is_served: boolean;
  mae: number;
  coverage_80: number | null;
}

/** What is expected of a series, and what was, beside what came. */
export interface Forecast {
  id: string; // of the series
  expected: Expected & { baseline_value: Numbers };
  held: Expected & { actual: Numbers };
  quality: Quality[];
}

/** An incident: something that was found wrong with the data. */
export interface Incident {
  id: string;
  check: string;
  severity: "error" | "warning";
  status: "new" | "ongoing" | "resolved";
  since: string;
  until: string;
  sources: string[];
  sensors: string[];
  locations: string[];
  measurements: string[];
  title: string;
  message: string;
  evidence: string;
  what_to_do: string;
  silenced_by: string;
  log_url?: string;
}

/** A reading that an hour was made of, with its raw line. */
export interface Reading {
  timestamp: string;
  sensor_id: string;
  value: number | null;
  quality: "ok" | "outlier";
  source_line: number;
  path?: string;
  raw?: string | null; // the line itself, where its file is here
  sha256?: string;
}

export interface ReleaseFile {
  path: string;
  sha256: string;
  bytes?: number;
}

/** The last run of a DAG. */
export interface Run {
  dag_id: string;
  state: string;
  started: string;
  succeeded: string;
  reason: string;
  seconds: number[]; // of the last good runs
}
