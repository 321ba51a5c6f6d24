// Time in a building's zone. Instants are seconds since 1970; a "local" time is what the building's
// clock shows, counted as if it were UTC, so that a day on the clock always has 86,400 of them.

export const HOUR = 3600;
export const DAY = 24 * HOUR;

interface DayOffsets {
  before: number;
  after: number;
  change: number; // the instant from which `after` holds
}

export class Zone {
  readonly name: string;
  private readonly format: Intl.DateTimeFormat;
  private readonly days = new Map<number, DayOffsets>();

  constructor(name: string) {
    this.name = name;
    this.format = new Intl.DateTimeFormat("en", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Seconds that the clock is ahead of UTC at an instant. */
  offset(instant: number): number {
    const day = Math.floor(instant / DAY);
    let known = this.days.get(day);
    if (known === undefined) {
      known = this.offsetsOf(day);
      this.days.set(day, known);
    }
    return instant < known.change ? known.before : known.after;
  }

  toLocal(instant: number): number {
    return instant + this.offset(instant);
  }

  /** The first instant at which the clock shows a time; an hour that spring skips is the one after. */
  toInstant(local: number): number {
    const before = this.offset(local - DAY);
    const after = this.offset(local + DAY);
    if (this.offset(local - before) === before) return local - before;
    return this.offset(local - after) === after ? local - after : local - before;
  }

  /** Whether the clock changes on the day of an instant. */
  changesOn(instant: number): boolean {
    const start = Math.floor(this.toLocal(instant) / DAY) * DAY;
    return this.toInstant(start + DAY) - this.toInstant(start) !== DAY;
  }

  private offsetsOf(day: number): DayOffsets {
    let low = day * DAY;
    let high = low + DAY;
    const before = this.ask(low);
    const after = this.ask(high - 1);
    if (before === after) return { before, after, change: low };
    while (high - low > 60) {
      const middle = Math.floor((low + high) / 120) * 60;
      if (this.ask(middle) === before) low = middle;
      else high = middle;
    }
    return { before, after, change: high };
  }

  private ask(instant: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(instant * 1000)) {
      part[type] = Number(value);
    }
    const { year, month, day, hour, minute, second } = part;
    return Date.UTC(year!, month! - 1, day!, hour, minute, second) / 1000 - instant;
  }
}

export function dayOf(local: number): number {
  return Math.floor(local / DAY) * DAY;
}

/** Monday of the week of a local time. */
export function weekOf(local: number): number {
  const day = dayOf(local);
  return day - ((new Date(day * 1000).getUTCDay() + 6) % 7) * DAY;
}

export function monthOf(local: number): number {
  const date = new Date(local * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 1000;
}

/** Months later on the clock; the 31st becomes the last day of a shorter month. */
export function addMonths(local: number, months: number): number {
  const date = new Date(local * 1000);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(date.getUTCDate(), length));
  return first.getTime() / 1000 + (local - dayOf(local));
}

/** YYYY-MM-DD of a local time. */
export function isoDate(local: number): string {
  return new Date(local * 1000).toISOString().slice(0, 10);
}

/** YYYY-MM-DDTHH:MM of a local time. */
export function isoMinute(local: number): string {
  return new Date(local * 1000).toISOString().slice(0, 16);
}
