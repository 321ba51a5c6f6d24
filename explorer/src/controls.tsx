// What is asked for: measurements, period, grain, and what to compare with.

import type { ComponentChildren } from "preact";
import { GRAINS, type Grain } from "./model.ts";
import { type Period, WORDS } from "./period.ts";
import { measurementLabel, type Scene } from "./scene.ts";
import { SHAPES } from "./view.ts";
import { DAY, HOUR, isoDate, isoMinute } from "./zone.ts";

const BEFORE = ["P1D", "P1W", "P1M", "P1Y", "P2Y"] as const;
const PRESETS = ["P1D/..", "P7D/..", "P30D/..", ...WORDS, "P1Y/..", "../.."] as const;

export function Measurements({ scene }: { scene: Scene }) {
  const { view, go, words, published } = scene;
  const there = published.series.filter((one) => view.places.includes(one.location));
  const here = new Set(there.map((one) => one.measurement));
  const all = [...new Set(published.series.map((one) => one.measurement))].sort();
  const choose = (name: string, event: Event) => {
    const box = event.currentTarget as HTMLInputElement;
    const others = view.measurements.filter((one) => one !== name);
    const measurements = box.checked ? [...others, name] : others;
    if (measurements.length) go({ measurements });
    else box.checked = true; // at least one
  };
  return (
    <fieldset class="measurements">
      <legend>{words.say("measurements")}</legend>
      <ul>
        {all.map((name) => (
          <li key={name}>
            <label class={here.has(name) ? "" : "muted"} title={published.measurements.get(name)?.description}>
              <input
                type="checkbox"
                checked={view.measurements.includes(name)}
                onChange={(event) => choose(name, event)}
              />
              {measurementLabel(scene, name)}
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

interface Props {
  scene: Scene;
  period: Period | null;
  grain: Grain | null;
  hasGrain?: boolean;
  children?: ComponentChildren;
}

export function Controls({ scene, period, grain, hasGrain = true, children }: Props) {
  const { view, go, words } = scene;
  const isPreset = PRESETS.some((text) => text === view.datetime);
  const isOther = view.before !== "" && !BEFORE.some((length) => length === view.before);
  return (
    <div class="controls">
      <label>
        {words.say("period")}
        <select value={isPreset ? view.datetime : ""} onChange={(event) => go({ datetime: event.currentTarget.value })}>
          {!isPreset && <option value="">{words.say("period_own")}</option>}
          {PRESETS.map((text) => (
            <option key={text} value={text}>
              {words.say(`period_${text}`)}
            </option>
          ))}
        </select>
      </label>
      {period && <Dates scene={scene} period={period} />}
      {hasGrain && <label>
        {words.say("grain")}
        <select value={view.grain} onChange={(event) => go({ grain: event.currentTarget.value as Grain })}>
          <option value="auto">
            {words.say("grain_auto")}
            {grain && view.grain === "auto" ? ` (${words.say(`grain_${grain}`)})` : ""}
          </option>
          {GRAINS.map((one) => (
            <option key={one} value={one}>
              {words.say(`grain_${one}`)}
            </option>
          ))}
        </select>
      </label>}
      <label>
        {words.say("before")}
        <select value={view.before} onChange={(event) => go({ before: event.currentTarget.value })}>
          <option value="">{words.say("before_none")}</option>
          {BEFORE.map((length) => (
            <option key={length} value={length}>
              {words.say(`before_${length}`)}
            </option>
          ))}
          {isOther && (
            <option value={view.before}>{words.say("before_other", { length: view.before })}</option>
          )}
        </select>
      </label>
      {children}
    </div>
  );
}

/** The first and the last day, which is the one before a midnight at which the period ends. */
function Dates({ scene, period }: { scene: Scene; period: Period }) {
  const { zone, words, go } = scene;
  const first = zone.toLocal(period.start);
  const last = zone.toLocal(period.stop - 1);
  const change = (start: number, end: number) => {
    if (Number.isFinite(start) && Number.isFinite(end) && start <= end) {
      go({ datetime: `${isoDate(start)}/${isoDate(end + DAY)}` });
    }
  };
  const read = (event: Event) => Date.parse((event.currentTarget as HTMLInputElement).value) / 1000;
  const day = (local: number) => Math.floor(local / DAY) * DAY;
  return (
    <>
      <label>
        {words.say("first_day")}
        <input type="date" value={isoDate(first)} onChange={(event) => change(read(event), day(last))} />
      </label>
      <label>
        {words.say("last_day")}
        <input type="date" value={isoDate(last)} onChange={(event) => change(day(first), read(event))} />
      </label>
      <div class="step" role="group" aria-label={words.say("period")}>
        <button type="button" aria-label={words.say("period_back")} onClick={() => step(scene, period, -1)}>
          ←
        </button>
        <button type="button" aria-label={words.say("period_on")} onClick={() => step(scene, period, 1)}>
          →
        </button>
      </div>
    </>
  );
}

/** As many days on the clock forward or back as the period has. */
function step({ zone, go }: Scene, period: Period, by: 1 | -1): void {
  const [start, stop] = [zone.toLocal(period.start), zone.toLocal(period.stop)];
  const length = Math.max(HOUR, stop - start);
  const text = start % DAY || stop % DAY ? isoMinute : isoDate;
  go({ datetime: `${text(start + by * length)}/${text(stop + by * length)}` });
}

export function Shapes({ scene }: { scene: Scene }) {
  const { view, go, words } = scene;
  return (
    <div class="shapes" role="group" aria-label={words.say("shape")}>
      {SHAPES.map((shape) => (
        <button
          key={shape}
          type="button"
          aria-pressed={view.shape === shape}
          onClick={() => go({ shape })}
        >
          {words.say(`shape_${shape}`)}
        </button>
      ))}
    </div>
  );
}
