// What is expected of the chosen series, what came of the last forecasts, and what they are worth.

import { useEffect, useMemo, useState } from "preact/hooks";
import { Chart } from "./chart.tsx";
import { Measurements } from "./controls.tsx";
import { Legend, Range } from "./legend.tsx";
import type { Expected, Forecast, Incident, Numbers, Quality, Series, Values } from "./model.ts";
import { measurementOf, type Scene, seriesLabel } from "./scene.ts";
import { Tree } from "./tree.tsx";
import { type Column, type Frame, gridOf, onGrid } from "./values.ts";
import { chosenSeries } from "./view.ts";
import type { Key } from "./words.ts";
import { DAY, HOUR } from "./zone.ts";

const MOST = 4; // series with bands in a chart
const BEFORE = 3 * DAY; // that is drawn before what is expected
const DOTS = [2, 3];
const BASELINES = ["persistence", "last_week"];
const NO_INCIDENTS: Incident[] = [];

interface Loaded {
  forecasts: Own[];
  issued: number;
}

/** A forecast with what it is of: the page may show another building before the next is there. */
interface Own extends Forecast {
  series: Series;
  before: Values; // hours before the issue
}

export function ForecastPage({ scene }: { scene: Scene }) {
  const { words, view, published } = scene;
  const chosen = chosenSeries(view, published);
  const { loaded, failed } = useForecasts(scene, chosen.slice(0, MOST));
  return (
    <div class="explore">
      <aside>
        <Tree scene={scene} />
        <Measurements scene={scene} />
      </aside>
      <main aria-busy={!loaded && !failed}>
        <h2>{words.say("page_forecast")}</h2>
        {chosen.length > MOST && <p class="problem">{words.say("too_many_series", { most: MOST })}</p>}
        {failed && (
          <p class="problem" role="alert">
            {failed}
          </p>
        )}
        {loaded && !loaded.forecasts.length && <p class="muted">{words.say("forecast_none")}</p>}
        {loaded && loaded.forecasts.length > 0 && <Forecasts scene={scene} loaded={loaded} />}
      </main>
    </div>
  );
}

function Forecasts({ scene, loaded }: { scene: Scene; loaded: Loaded }) {
  const { words, zone } = scene;
  const next = useMemo(() => nextHours(scene, loaded), [loaded, words]);
  const last = useMemo(() => lastWeek(scene, loaded), [loaded, words]);
  return (
    <>
      <p>{words.say("forecast_issued", { time: words.time(loaded.issued, zone) })}</p>
      <section>
        <h3>{words.say("forecast_next")}</h3>
        <Lines scene={scene} frame={next} />
      </section>
      {last && (
        <section>
          <h3>{words.say("forecast_held")}</h3>
          <Lines scene={scene} frame={last} />
        </section>
      )}
      <section>
        <h3>{words.say("forecast_worth")}</h3>
        {loaded.forecasts.map((own) => (
          <Worth key={own.id} scene={scene} forecast={own} />
        ))}
      </section>
    </>
  );
}

function Lines({ scene, frame }: { scene: Scene; frame: Frame }) {
  const [cursor, point] = useState<number | null>(null);
  // the period is that of the forecast, whatever part of it is marked
  const drawn = { ...scene, go: () => {} };
  return (
    <>
      <Range scene={drawn} frame={frame} />
      <Chart scene={drawn} incidents={NO_INCIDENTS} onCursor={point} onPick={() => {}} {...{ frame, cursor }} />
      <Legend scene={drawn} frame={frame} cursor={cursor} hasSummary={false} />
    </>
  );
}

function Worth({ scene, forecast }: { scene: Scene; forecast: Own }) {
  const { words } = scene;
  const { series } = forecast;
  const show = (value: number | undefined) => words.quantity(value, finer(scene, series));
  const served = forecast.quality.filter((row) => row.is_served);
  if (!served.length) return null;
  return (
    <div class="wide" tabIndex={0}>
      <table>
        <caption>{seriesLabel(scene, series)}</caption>
        <thead>
          <tr>
            <th>{words.say("hours_ahead")}</th>
            <th>{words.say("method")}</th>
            <th class="number">{words.say("mean_error")}</th>
            <th class="number">{words.say("error_of_baseline")}</th>
            <th class="number">{words.say("within_80")}</th>
          </tr>
        </thead>
        <tbody>
          {served.map((row) => (
            <tr key={row.first_horizon}>
              <th scope="row">
                {row.first_horizon / 60}–{row.last_horizon / 60}
              </th>
              <td>{words.say(`method_${row.model}` as Key)}</td>
              <td class="number">{show(row.mae)}</td>
              <td class="number">{show(baselineOf(forecast, row))}</td>
              <td class="number">{row.coverage_80 === null ? "–" : words.percent(row.coverage_80)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The smallest error of a baseline at the same horizons. */
function baselineOf({ quality }: Forecast, { first_horizon }: Quality): number {
  const own = quality.filter((row) => row.first_horizon === first_horizon && BASELINES.includes(row.model));
  return Math.min(...own.map((row) => row.mae));
}

function useForecasts(scene: Scene, chosen: Series[]): { loaded: Loaded | null; failed: string } {
  const { source, published, zone } = scene;
  const [loaded, keep] = useState<Loaded | null>(null);
  const [failed, fail] = useState("");
  useEffect(() => {
    let isCurrent = true;
    const read = async (): Promise<Loaded> => {
      const { forecasts, issued } = await source.forecasts(published, chosen);
      const series = forecasts.map(({ id }) => chosen.find((one) => one.id === id)!);
      const period = { start: issued - BEFORE, stop: issued };
      const before = await source.values(published, series, period, "1h", zone);
      const own = forecasts.map((one, n) => ({ ...one, series: series[n]!, before: before[n]! }));
      return { forecasts: own, issued };
    };
    read().then(
      (found) => {
        if (!isCurrent) return;
        fail("");
        keep(found);
      },
      (error: Error) => {
        if (!isCurrent) return;
        fail(error.message);
        keep(null);
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [published, chosen.map((one) => one.id).join()]);
  return { loaded, failed };
}

/** A measurement with one more decimal: errors are smaller than values. */
function finer(scene: Scene, series: Series) {
  const own = measurementOf(scene, series);
  return own && { ...own, decimals: (own.decimals ?? 1) + 1 };
}

/** What came before the issue, and after it what is expected, with its interval and the baseline. */
function nextHours(scene: Scene, { forecasts, issued }: Loaded): Frame {
  const stop = Math.max(...forecasts.flatMap((own) => own.expected.t)) + HOUR;
  const period = { start: issued - BEFORE, stop };
  const t = gridOf(period, "1h", scene.zone);
  const columns = [
    ...forecasts.map(({ series, before }) => onGrid(series, before, t)),
    ...forecasts.map((own) => expectedOf(scene, own, own.expected, t)),
    ...forecasts.map((own) => {
      const { t: hours, baseline_value } = own.expected;
      return likeIt(scene, own, "baseline", valuesOf(hours, baseline_value), t, DOTS);
    }),
  ];
  return { grain: "1h", period, t, tBefore: [], columns };
}

/** What came in the last week, and what was expected of it; null if nothing was. */
function lastWeek(scene: Scene, { forecasts }: Loaded): Frame | null {
  const own = forecasts.filter(({ held }) => held.t.length);
  if (!own.length) return null;
  const hours = own.flatMap(({ held }) => held.t);
  const period = { start: Math.min(...hours), stop: Math.max(...hours) + HOUR };
  const t = gridOf(period, "1h", scene.zone);
  const columns = [
    ...own.map(({ series, held }) => onGrid(series, valuesOf(held.t, held.actual), t)),
    ...own.map((one) => expectedOf(scene, one, one.held, t)),
  ];
  return { grain: "1h", period, t, tBefore: [], columns };
}

function expectedOf(scene: Scene, own: Own, hours: Expected, grid: number[]): Column {
  const values = valuesOf(hours.t, hours.value, hours.lower_80, hours.upper_80);
  return likeIt(scene, own, "expected", values, grid);
}

function valuesOf(t: number[], value: Numbers, min: Numbers | null = null, max: Numbers | null = null): Values {
  return { t, value, min, max, count: null };
}

/** A column in the colour of what it is said of. */
function likeIt(
  { words }: Scene,
  { series }: Own,
  key: Key,
  values: Values,
  grid: number[],
  dash?: number[],
): Column {
  const named = { ...series, id: `${series.id} ${key}`, location: `${series.location}, ${words.say(key)}` };
  return { ...onGrid(named, values, grid), like: series.id, dash };
}
