// Words and numbers in the reader's language. catalogue.json has the page's own words; names of
// measurements and of kinds of places come with the data (labels).

import type catalogue from "../catalogue.json";
import type { Grain, Labels, Measurement } from "./model.ts";
import { getJson } from "./source.ts";
import type { Zone } from "./zone.ts";

export const LANGUAGES = {
  cs: "Čeština",
  de: "Deutsch",
  en: "English",
  es: "Español",
  fr: "Français",
  it: "Italiano",
  pt: "Português",
  ro: "Română",
} as const;
export type Language = keyof typeof LANGUAGES;
export type Key = keyof typeof catalogue;

// UCUM as people write it
const UNITS: Record<string, string> = {
  Cel: "°C",
  "1": "",
  "[ppm]": "ppm",
  "ug/m3": "µg/m³",
  "W.h": "Wh",
  "kW.h": "kWh",
  "K.h": "K·h",
  m3: "m³",
  "W/m2": "W/m²",
};
const DECIMALS = 2; // of a measurement that names none

export class Words {
  readonly language: Language;
  private readonly locale: string; // of numbers and dates
  private readonly texts: Record<string, string>;
  private readonly formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();

  constructor(language: Language, texts: Record<string, string>) {
    this.language = language;
    this.locale = language === "en" ? "en-GB" : language; // the buildings are in Europe
    this.texts = texts;
  }

  /** The text of a key, with its {placeholders} filled in. */
  say(key: Key, given: Record<string, string | number> = {}): string {
    const text = this.texts[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(given[name] ?? ""));
  }

  label(labels: Labels | undefined, kind: string, name: string, otherwise: string): string {
    return labels?.[kind]?.[name]?.[this.language] ?? otherwise;
  }

  number(value: number | null | undefined, decimals: number | null = DECIMALS): string {
    if (value == null) return "–";
    const digits = Math.max(0, decimals ?? DECIMALS);
    return this.numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  }

  /** A value with its unit. */
  quantity(value: number | null | undefined, measurement: Measurement | undefined): string {
    const text = this.number(value, measurement?.decimals);
    const unit = unitOf(measurement);
    return value == null || !unit ? text : `${text}\u00a0${unit}`;
  }

  percent(share: number): string {
    return this.numbers({ style: "percent", maximumFractionDigits: 0 }).format(share);
  }

  bytes(size: number): string {
    const [value, unit] = size >= 1e6 ? [size / 1e6, "megabyte"] : [size / 1e3, "kilobyte"];
    return this.numbers({ style: "unit", unit, maximumFractionDigits: 1 }).format(value);
  }

  /** The name of a window: an hour, a day, the first day of a week, a month. */
  window(t: number, grain: Grain, zone: Zone): string {
    if (grain === "1M") return this.date(t, zone, { year: "numeric", month: "long" });
    if (grain !== "1h") return this.day(t, zone);
    return this.time(t, zone);
  }

  day(t: number, zone: Zone): string {
    return this.date(t, zone, { weekday: "short", day: "numeric", month: "numeric", year: "numeric" });
  }

  /** With the name of the offset on the days on which clocks change, where hours repeat. */
  time(t: number, zone: Zone): string {
    return this.date(t, zone, {
      day: "numeric",
      month: "numeric",
      year: "numeric",
      hour: "numeric",
      minute: "2-digit",
      ...(zone.changesOn(t) ? { timeZoneName: "short" } : {}),
    });
  }

  date(t: number, zone: Zone, options: Intl.DateTimeFormatOptions): string {
    const key = `${zone.name} ${JSON.stringify(options)}`;
    let format = this.formats.get(key) as Intl.DateTimeFormat | undefined;
    if (!format) {
      format = new Intl.DateTimeFormat(this.locale, { ...options, timeZone: zone.name });
      this.formats.set(key, format);
    }
    return format.format(t * 1000);
  }

  private numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    let format = this.formats.get(key) as Intl.NumberFormat | undefined;
    if (!format) {
      format = new Intl.NumberFormat(this.locale, options);
      this.formats.set(key, format);
    }
    return format;
  }
}

export function unitOf(measurement: { unit: string } | undefined): string {
  const unit = measurement?.unit ?? "";
  return UNITS[unit] ?? unit;
}

/** The language that was asked for, or the first of the browser's that there is. */
export function languageOf(asked: string): Language {
  const wanted = [asked, ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  return (wanted.find((tag) => tag in LANGUAGES) as Language | undefined) ?? "en";
}

export async function readWords(language: Language): Promise<Words> {
  const texts = await getJson<Record<string, string>>(`${language}.json`).catch(() => ({}));
  return new Words(language, texts);
}
