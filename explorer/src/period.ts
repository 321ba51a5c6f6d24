// Periods as people write them and as two instants: the same rules as the API's (periods.py), which
// a test compares.

import { addMonths, DAY, dayOf, HOUR, monthOf, weekOf, type Zone } from "./zone.ts";

/** From `start` to `stop`, half open. */
export interface Period {
  start: number;
  stop: number;
}

export const WORDS = ["last-day", "last-week", "last-month", "last-winter", "last-summer", "last-year"] as const;
const LENGTH = /^P(?:(\d{1,4})D|(\d{1,3})W|(\d{1,3})M|(\d{1,2})Y)$/;
const DATE = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/;
const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:\d\d)?$/;

/** Throws RangeError if the text is no period. `first` is where an open start begins. */
export function readPeriod(text: string, zone: Zone, first: number, asOf: number): Period {
  const [start, stop] = named(text, zone, asOf) ?? written(text, zone, first, asOf);
  if (!(start < stop)) throw new RangeError(text);
  return { start, stop };
}

/** A local time, a length such as P1Y away. Throws RangeError. */
export function moved(local: number, length: string, sign: 1 | -1): number {
  const found = LENGTH.exec(length);
  if (!found) throw new RangeError(length);
  const [days, weeks, months, years] = found.slice(1).map((part) => sign * Number(part ?? 0));
  return addMonths(local + (days! + 7 * weeks!) * DAY, months! + 12 * years!);
}

/** The same period on the clock, some time before. Throws RangeError. */
export function earlier(period: Period, length: string, zone: Zone): Period {
  const { start, stop } = period;
  return { start: shifted(start, length, -1, zone), stop: shifted(stop, length, -1, zone) };
}

function shifted(instant: number, length: string, sign: 1 | -1, zone: Zone): number {
  return zone.toInstant(moved(zone.toLocal(instant), length, sign));
}

function named(text: string, zone: Zone, asOf: number): [number, number] | null {
  const found = namedOnClock(text, dayOf(zone.toLocal(asOf)));
  return found && [zone.toInstant(found[0]), zone.toInstant(found[1])];
}

function namedOnClock(text: string, day: number): [number, number] | null {
  const month = monthOf(day);
  const year = addMonths(month, -new Date(month * 1000).getUTCMonth());
  switch (text) {
    case "last-day":
      return [day - DAY, day];
    case "last-week":
      return [weekOf(day) - 7 * DAY, weekOf(day)];
    case "last-month":
      return [addMonths(month, -1), month];
    case "last-year":
      return [addMonths(year, -12), year];
    case "last-winter":
    case "last-summer": {
      let stop = addMonths(year, text === "last-winter" ? 14 : 8);
      while (stop > day) stop = addMonths(stop, -12);
      return [addMonths(stop, -3), stop];
    }
    default:
      return null;
  }
}

function written(text: string, zone: Zone, first: number, asOf: number): [number, number] {
  const parts = text.split("/");
  if (parts.length === 1) return [momentOf(text, zone), after(text, zone)];
  if (parts.length !== 2) throw new RangeError(text);
  const [left, right] = parts as [string, string];
  const end = () => (right === ".." ? asOf : momentOf(right, zone));
  if (LENGTH.test(left)) return [shifted(end(), left, -1, zone), end()];
  const start = left === ".." ? wholeBefore(first, zone) : momentOf(left, zone);
  return [start, LENGTH.test(right) ? shifted(start, right, 1, zone) : end()];
}

/** The beginning of the week or of the month of an instant, whichever is earlier. */
function wholeBefore(instant: number, zone: Zone): number {
  const local = zone.toLocal(instant);
  return zone.toInstant(Math.min(weekOf(local), monthOf(local)));
}

/** A year, month or day begins on the building's clock. */
function momentOf(text: string, zone: Zone): number {
  const date = DATE.exec(text);
  if (date) return zone.toInstant(dateOf(date, text));
  const time = TIME.exec(text);
  if (!time) throw new RangeError(text);
  const [hour, minute, second] = [time[2], time[3], time[4] ?? "0"].map(Number);
  if (hour! > 23 || minute! > 59 || second! > 59) throw new RangeError(text);
  const local = dateOf(DATE.exec(time[1]!)!, text) + hour! * HOUR + minute! * 60 + second!;
  return time[5] ? Date.parse(text) / 1000 : zone.toInstant(local);
}

function dateOf(found: RegExpExecArray, text: string): number {
  const [year, month, day] = [found[1], found[2] ?? "1", found[3] ?? "1"].map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  const isDate = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && year! > 0;
  if (!isDate) throw new RangeError(text);
  return date.getTime() / 1000;
}

/** When a year, month or day that is written alone is over. */
function after(text: string, zone: Zone): number {
  const found = DATE.exec(text);
  if (!found) throw new RangeError(text);
  const start = dateOf(found, text);
  const months = found[2] ? 1 : 12;
  return zone.toInstant(found[3] ? start + DAY : addMonths(start, months));
}
