// Colours for values, from low to high; readable without telling red from green (viridis, CC0).

const STOPS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

export interface Range {
  low: number;
  high: number;
}

/** From the lowest to the highest number; null if there is none. */
export function rangeOf(numbers: Iterable<number | null>): Range | null {
  let range: Range | null = null;
  for (const number of numbers) {
    if (number === null) continue;
    range = range
      ? { low: Math.min(range.low, number), high: Math.max(range.high, number) }
      : { low: number, high: number };
  }
  return range;
}

export function colourOf(value: number, { low, high }: Range): string {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  const at = Math.max(0, Math.min(0.9999, share)) * (STOPS.length - 1);
  const [from, to] = [STOPS[Math.floor(at)]!, STOPS[Math.floor(at) + 1]!];
  const part = at - Math.floor(at);
  return `rgb(${from.map((one, n) => Math.round(one + (to[n]! - one) * part)).join(" ")})`;
}

/** Black or white, whichever is readable on a colour of the scale. */
export function inkOn(value: number, range: Range): string {
  const [red, green, blue] = colourOf(value, range).match(/\d+/g)!.map(Number);
  return 0.299 * red! + 0.587 * green! + 0.114 * blue! > 140 ? "#000000" : "#ffffff";
}

export const GRADIENT = `linear-gradient(to right, ${STOPS.map((stop) => `rgb(${stop.join(" ")})`).join(", ")})`;
