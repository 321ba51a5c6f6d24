// Lines with a band from the lowest to the highest value, an axis for each unit, gaps as gaps.

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Incident } from "./model.ts";
import { whenLookChanges } from "./redraw.ts";
import { measurementOf, type Scene, seriesLabel } from "./scene.ts";
import type { Column, Frame } from "./values.ts";
import { unitOf } from "./words.ts";
import { DAY, HOUR, isoMinute } from "./zone.ts";

const HEIGHT = 380;
const COLOURS = 7;
const DASHES = [[], [9, 4], [2, 3], [12, 3, 2, 3]];
const BAND = "2b"; // opacity, in hexadecimal
const CLICK = 4; // pixels that the mouse may move in one
const MARK = 6; // pixels of an incident's bar

interface Look {
  colour: string;
  dash: number[];
  width: number;
}

/** Colour and dashes of a column: no two are alike, so colour is never the only sign. */
export function lookOf(frame: Frame, column: Column): Look {
  const now = frame.columns.filter((one) => !one.isEarlier);
  const id = column.like ?? column.series.id;
  const number = now.findIndex((one) => one.series.id === id);
  const style = getComputedStyle(document.documentElement);
  const colour = style.getPropertyValue(`--line-${number % COLOURS}`).trim();
  if (column.isEarlier) return { colour, dash: [3, 4], width: 1.2 };
  if (column.like) return { colour, dash: column.dash ?? [6, 6], width: 1.4 };
  return { colour, dash: DASHES[number % DASHES.length]!, width: 1.8 };
}

interface Props {
  scene: Scene;
  frame: Frame;
  incidents: Incident[];
  cursor: number | null;
  onCursor(index: number | null): void;
  onPick(column: Column, index: number): void;
}

export function Chart({ scene, frame, incidents, cursor, onCursor, onPick }: Props) {
  const { words, zone } = scene;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [spoken, speak] = useState("");
  const [focused, focus] = useState(0);

  useEffect(() => {
    const element = holder.current!;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(
        options(scene, frame, incidents, element.clientWidth, onCursor, onPick),
        dataOf(frame),
        element,
      );
    };
    draw();
    const fit = () => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT });
    const stop = whenLookChanges(element, fit, draw);
    return () => {
      stop();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [frame, incidents, words]);

  const move = (index: number, column = focused) => {
    const at = Math.max(0, Math.min(frame.t.length - 1, index));
    const own = frame.columns[column];
    if (!own || !plot.current) return;
    onCursor(at);
    const left = plot.current.valToPos(frame.t[at]!, "x");
    const top = plot.current.valToPos(own.value[at] ?? 0, scaleOf(scene, own));
    plot.current.setCursor({ left, top: Number.isFinite(top) ? top : 0 }, false);
    const t = own.isEarlier ? frame.tBefore[at]! : frame.t[at]!;
    const measured = words.quantity(own.value[at], measurementOf(scene, own.series));
    const value = own.value[at] == null ? words.say("gap") : measured;
    speak(`${words.window(t, frame.grain, zone)}: ${seriesLabel(scene, own.series)}, ${value}`);
  };
  const zoom = (share: number) => {
    const { start, stop } = frame.period;
    const middle = frame.t[cursor ?? Math.floor(frame.t.length / 2)] ?? start;
    const half = Math.max(HOUR, ((stop - start) * share) / 2);
    zoomTo(scene, middle - half, middle + half);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor ?? frame.t.length - 1;
    const far = frame.grain === "1h" ? 24 : 7;
    const { length } = frame.columns;
    const turn = (by: number) => {
      const column = (focused + by + length) % length;
      focus(column);
      move(at, column);
    };
    const actions: Record<string, () => void> = {
      ArrowLeft: () => move(at - (event.shiftKey ? far : 1)),
      ArrowRight: () => move(at + (event.shiftKey ? far : 1)),
      ArrowUp: () => turn(-1),
      ArrowDown: () => turn(1),
      Home: () => move(0),
      End: () => move(frame.t.length - 1),
      Enter: () => frame.columns[focused] && onPick(frame.columns[focused]!, at),
      "+": () => zoom(0.5),
      "-": () => zoom(2),
    };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const names = frame.columns.map((column) => seriesLabel(scene, column.series)).join("; ");
  return (
    <div class="chart">
      <div
        ref={holder}
        class="plot"
        tabIndex={0}
        role="application"
        aria-label={`${words.say("chart")}: ${names}`}
        aria-describedby="chart-keys"
        onKeyDown={onKeyDown}
      />
      <p id="chart-keys" class="muted keys">
        {words.say("chart_keys")}
      </p>
      <p class="hidden" aria-live="polite">
        {spoken}
      </p>
    </div>
  );
}

function zoomTo({ zone, go }: Scene, start: number, stop: number): void {
  const first = Math.floor(start / HOUR) * HOUR;
  const last = Math.max(first + HOUR, Math.ceil(stop / HOUR) * HOUR);
  const text = (t: number) => {
    const local = zone.toLocal(t);
    if (zone.toInstant(local) !== t) return new Date(t * 1000).toISOString().slice(0, 16) + "Z";
    return isoMinute(local);
  };
  go({ datetime: `${text(first)}/${text(last)}` });
}

function dataOf(frame: Frame): uPlot.AlignedData {
  const rows = frame.columns.flatMap((column) =>
    column.min && column.max ? [column.max, column.min, column.value] : [column.value],
  );
  return [frame.t, ...rows] as uPlot.AlignedData;
}

/** How each column is drawn: its line, and before it the two edges of its band. */
interface Lines {
  series: uPlot.Series[];
  bands: uPlot.Band[];
  rows: number[]; // of the columns' lines in the data
}

function scaleOf(scene: Scene, column: Column): string {
  return unitOf(measurementOf(scene, column.series)) || "1";
}

function linesOf(scene: Scene, frame: Frame): Lines {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const rows: number[] = [];
  for (const column of frame.columns) {
    const { colour, dash, width } = lookOf(frame, column);
    const scale = scaleOf(scene, column);
    if (column.min && column.max) {
      const edge = { scale, stroke: "transparent", width: 0, points: { show: false } };
      bands.push({ series: [series.length, series.length + 1], fill: translucent(colour) });
      series.push(edge, edge);
    }
    rows.push(series.length);
    series.push({
      scale,
      stroke: colour,
      width,
      dash,
      alpha: column.isEarlier ? 0.75 : 1,
      spanGaps: false,
      points: { show: true, size: 4, filter: () => lonely(column) },
    });
  }
  return { series, bands, rows };
}

function axesOf(scene: Scene, frame: Frame, colourOf: (name: string) => string): uPlot.Axis[] {
  const { words } = scene;
  const axis = {
    stroke: colourOf("text"),
    grid: { stroke: colourOf("line"), width: 1 },
    ticks: { stroke: colourOf("line") },
    font: "12px system-ui, sans-serif",
  };
  const time: uPlot.Axis = {
    ...axis,
    size: 34,
    space: 76,
    values: (_, splits, __, ___, step) => splits.map((t) => tick(scene, t, step)),
  };
  const scales = [...new Set(frame.columns.map((column) => scaleOf(scene, column)))];
  const values = scales.map((scale, n) => ({
    ...axis,
    scale,
    side: n === 0 ? 3 : 1,
    label: scale === "1" ? "" : scale,
    labelSize: 20,
    size: 56,
    grid: { ...axis.grid, show: n === 0 },
    values: (_: uPlot, splits: number[]) =>
      splits.map((value) => words.number(value, decimalsOf(splits))),
  }));
  return [time, ...values];
}

function options(
  scene: Scene,
  frame: Frame,
  incidents: Incident[],
  width: number,
  onCursor: Props["onCursor"],
  onPick: Props["onPick"],
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colourOf = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const { series, bands, rows } = linesOf(scene, frame);
  return {
    width,
    height: HEIGHT,
    series,
    bands,
    legend: { show: false },
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), scene.zone.name),
    scales: { x: { time: true, range: () => [frame.period.start, frame.period.stop] } },
    axes: axesOf(scene, frame, colourOf),
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    hooks: {
      ready: [
        (u) =>
          whenClicked(u, (index) => {
            const near = nearest(u, rows, index);
            if (near !== null) onPick(frame.columns[near]!, index);
          }),
      ],
      setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          const { left, width: broad } = u.select;
          if (broad > CLICK) zoomTo(scene, u.posToVal(left, "x"), u.posToVal(left + broad, "x"));
        },
      ],
      drawClear: [(u) => mark(u, incidents, colourOf)],
    },
  };
}

/** A click that does not end a drag, with the number of the window under it. */
function whenClicked(u: uPlot, act: (index: number) => void): void {
  let pressed = 0;
  u.over.addEventListener("mousedown", (event) => (pressed = event.clientX));
  u.over.addEventListener("click", (event) => {
    if (u.cursor.idx != null && Math.abs(event.clientX - pressed) <= CLICK) act(u.cursor.idx);
  });
}

/** The column whose value in a window is nearest to the cursor; null if none has one. */
function nearest(u: uPlot, rows: number[], index: number): number | null {
  let [found, least]: [number | null, number] = [null, Infinity];
  rows.forEach((row, column) => {
    const value = u.data[row]![index];
    if (value == null) return;
    const distance = Math.abs(u.valToPos(value, u.series[row]!.scale!) - u.cursor.top!);
    if (distance < least) [found, least] = [column, distance];
  });
  return found;
}

/** Readings between two gaps: no line reaches them, so they are dots. */
function lonely({ value }: Column): number[] {
  return value.flatMap((own, n) =>
    own !== null && value[n - 1] == null && value[n + 1] == null ? [n] : [],
  );
}

/** Bars on top of the chart, and a tint below, while something was wrong. */
function mark(u: uPlot, incidents: Incident[], colourOf: (name: string) => string): void {
  const { ctx, bbox } = u;
  ctx.save();
  for (const incident of incidents) {
    const [since, until] = [incident.since, incident.until].map((text) => Date.parse(text) / 1000);
    const left = Math.max(bbox.left, u.valToPos(since!, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(until!, "x", true));
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.fillStyle = colourOf(incident.severity);
    const broad = Math.max(2, right - left);
    ctx.fillRect(left, bbox.top, broad, MARK * devicePixelRatio);
    ctx.globalAlpha = 0.07;
    ctx.fillRect(left, bbox.top, broad, bbox.height);
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

function tick({ words, zone }: Scene, t: number, step: number): string {
  const local = zone.toLocal(t);
  if (step >= 28 * DAY) {
    return words.date(t, zone, { month: "numeric", year: "numeric" });
  }
  if (step >= DAY || local % DAY === 0) {
    return words.date(t, zone, { day: "numeric", month: "numeric" });
  }
  return words.date(t, zone, { hour: "numeric", minute: "2-digit" });
}

/** Decimals that the labels of an axis need. */
function decimalsOf(splits: number[]): number {
  const isExact = (digits: number) =>
    splits.every((value) => Math.abs(value * 10 ** digits - Math.round(value * 10 ** digits)) < 1e-6);
  return [0, 1, 2, 3].find(isExact) ?? 4;
}

function translucent(colour: string): string {
  return `${colour}${BAND}`; // colours of the style sheet are #rrggbb
}
