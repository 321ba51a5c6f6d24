// The hours of the day over the days of a period, for one series.

import { useEffect, useRef, useState } from "preact/hooks";
import { whenLookChanges } from "./redraw.ts";
import { measurementOf, type Scene, seriesLabel } from "./scene.ts";
import { colourOf, GRADIENT, type Range, rangeOf } from "./scale.ts";
import type { Column, Frame } from "./values.ts";
import { dayOf, HOUR } from "./zone.ts";

const ROW = 13; // pixels of an hour
const LEFT = 44; // of the labels of hours
const HOURS = 24;

interface Cell {
  value: number | null;
  hours: number; // on the clock: 2 where autumn repeats one, 0 where spring skips it
}

interface HoursByDay {
  days: number[]; // local midnights
  cells: Cell[][]; // by day and hour
  range: Range | null;
}

export function HeatMap({ scene, frame, column }: { scene: Scene; frame: Frame; column: Column }) {
  const { words, zone, published } = scene;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, point] = useState<[number, number] | null>(null);
  const map = mapOf(scene, frame, column);
  const measurement = measurementOf(scene, column.series);

  useEffect(() => {
    const element = canvas.current!;
    const draw = () => paint(element, map, scene);
    draw();
    return whenLookChanges(element, draw, draw);
  }, [frame, column, words]);

  const follow = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const day = Math.floor(((event.clientX - box.left - LEFT) / (box.width - LEFT)) * map.days.length);
    const hour = Math.floor((event.clientY - box.top) / ROW);
    if (map.cells[day]?.[hour]) point([day, hour]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const [day, hour] = at ?? [map.days.length - 1, 0];
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    point([
      Math.max(0, Math.min(map.days.length - 1, day + step[0])),
      Math.max(0, Math.min(HOURS - 1, hour + step[1])),
    ]);
  };
  const text = () => {
    if (!at) return words.say("heatmap_keys");
    const [day, hour] = at;
    const cell = map.cells[day]![hour]!;
    const value = cell.hours === 0 ? words.say("hour_skipped") : words.quantity(cell.value, measurement);
    const repeated = cell.hours > 1 ? ` (${words.say("hour_repeated")})` : "";
    const name = words.day(zone.toInstant(map.days[day]! + 12 * HOUR), zone);
    return `${name}, ${hour}:00: ${value}${repeated}`;
  };
  return (
    <figure class="heatmap">
      <figcaption>
        {seriesLabel(scene, column.series)} <small>{published.building.timezone}</small>
      </figcaption>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={`${words.say("shape_heatmap")}: ${seriesLabel(scene, column.series)}`}
        onMouseMove={follow}
        onKeyDown={onKeyDown}
      />
      <p aria-live="polite">{text()}</p>
      {map.range && (
        <div class="scale">
          <span>{words.quantity(map.range.low, measurement)}</span>
          <span class="gradient" style={{ background: GRADIENT }} />
          <span>{words.quantity(map.range.high, measurement)}</span>
        </div>
      )}
    </figure>
  );
}

/** An hour that autumn repeats has the mean of both. */
function mapOf({ zone }: Scene, frame: Frame, column: Column): HoursByDay {
  const days: number[] = [];
  const cells: Cell[][] = [];
  frame.t.forEach((t, n) => {
    const local = zone.toLocal(t);
    const day = dayOf(local);
    if (days.at(-1) !== day) {
      days.push(day);
      cells.push(Array.from({ length: HOURS }, () => ({ value: null, hours: 0 })));
    }
    const cell = cells.at(-1)![Math.floor((local - day) / HOUR)]!;
    const value = column.value[n] ?? null;
    cell.hours += 1;
    cell.value = cell.value === null || value === null ? (cell.value ?? value) : (cell.value + value) / 2;
  });
  return { days, cells, range: rangeOf(column.value) };
}

function paint(canvas: HTMLCanvasElement, map: HoursByDay, { words, zone }: Scene): void {
  const { width } = canvas.getBoundingClientRect();
  const height = HOURS * ROW + 22;
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d")!;
  const style = getComputedStyle(document.documentElement);
  ctx.scale(ratio, ratio);
  ctx.font = "12px system-ui, sans-serif";
  const broad = (width - LEFT) / Math.max(1, map.days.length);
  map.cells.forEach((hours, day) => {
    hours.forEach((cell, hour) => {
      const [x, y] = [LEFT + day * broad, hour * ROW];
      if (cell.value !== null && map.range) {
        ctx.fillStyle = colourOf(cell.value, map.range);
        ctx.fillRect(x, y, Math.ceil(broad), ROW);
      }
      if (cell.hours !== 1) hatch(ctx, x, y, broad, style.getPropertyValue("--text"));
    });
  });
  ctx.fillStyle = style.getPropertyValue("--text");
  for (let hour = 0; hour < HOURS; hour += 3) ctx.fillText(`${hour}:00`, 0, hour * ROW + 11);
  const every = Math.max(1, Math.ceil(52 / broad));
  for (let day = 0; day < map.days.length; day += every) {
    const t = zone.toInstant(map.days[day]! + 12 * HOUR);
    const text = words.date(t, zone, { day: "numeric", month: "numeric" });
    ctx.fillText(text, LEFT + day * broad, HOURS * ROW + 16);
  }
}

/** A line across an hour that the clock showed twice or never. */
function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, broad: number, colour: string): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 0.8;
  ctx.beginPath();
  ctx.moveTo(x, y + ROW);
  ctx.lineTo(x + broad, y);
  ctx.stroke();
}

