// A month of a building on paper: what each place measured, beside the month before and a year ago,
// how complete it is, and what was wrong. The browser prints it as PDF.

import { useEffect, useState } from "preact/hooks";
import { Incidents } from "./incidents.tsx";
import type { Incident, Series, Values } from "./model.ts";
import { earlier, type Period } from "./period.ts";
import { asOf, firstHour, isAdded, measurementLabel, measurementOf, type Scene } from "./scene.ts";
import { type Column, gridOf, onGrid, type Summary, summarize } from "./values.ts";
import { addMonths, isoDate, monthOf } from "./zone.ts";

const SPARK = { width: 150, height: 26 };

interface Row {
  series: Series;
  days: Column;
  now: Summary;
  before: Summary;
  yearBefore: Summary;
}

interface Content {
  rows: Row[];
  incidents: Incident[];
}

export function Report({ scene }: { scene: Scene }) {
  const { words, zone, view, go, published } = scene;
  const months = monthsOf(scene);
  const month = months.includes(view.month) ? view.month : (months.at(-1) ?? "");
  const [content, keep] = useState<Content | null>(null);
  const [failed, fail] = useState("");

  useEffect(() => {
    let isCurrent = true;
    keep(null);
    if (month) {
      readContent(scene, periodOfMonth(scene, month)).then(
        (found) => isCurrent && keep(found),
        (error: Error) => isCurrent && fail(error.message),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [month, published]);

  const name = (text: string) =>
    words.date(zone.toInstant(Date.parse(`${text}-15`) / 1000), zone, { month: "long", year: "numeric" });
  const measurements = [...new Set(content?.rows.map((row) => row.series.measurement))];
  return (
    <main class="page report">
      <p class="no-print">
        <label>
          {words.say("month")}{" "}
          <select value={month} onChange={(event) => go({ month: event.currentTarget.value })}>
            {months.map((one) => (
              <option key={one} value={one}>
                {name(one)}
              </option>
            ))}
          </select>
        </label>{" "}
        <button type="button" onClick={() => print()}>
          {words.say("print")}
        </button>
      </p>
      <h2>
        {published.building.name}: {month && name(month)}
      </h2>
      {failed && <p class="problem">{failed}</p>}
      {!content && !failed && <p class="muted">{words.say("loading")}</p>}
      {measurements.map((measurement) => (
        <Measured
          key={measurement}
          scene={scene}
          measurement={measurement}
          rows={content!.rows.filter((row) => row.series.measurement === measurement)}
        />
      ))}
      {content && <Incidents scene={scene} incidents={content.incidents} />}
    </main>
  );
}

function Measured({ scene, measurement, rows }: { scene: Scene; measurement: string; rows: Row[] }) {
  const { words, published } = scene;
  const described = published.measurements.get(measurement);
  const show = (value: number | null) => words.quantity(value, described);
  return (
    <section>
      <h3>{measurementLabel(scene, measurement)}</h3>
      <div class="wide" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>{words.say("place")}</th>
              <th>{words.say("days")}</th>
              <th class="number">{words.say("mean_or_sum")}</th>
              <th class="number">{words.say("lowest")}</th>
              <th class="number">{words.say("highest")}</th>
              <th class="number">{words.say("month_before")}</th>
              <th class="number">{words.say("year_before")}</th>
              <th class="number">{words.say("complete")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ series, days, now, before, yearBefore }) => (
              <tr key={series.id}>
                <th scope="row">{series.location}</th>
                <td>
                  <Spark numbers={days.value} />
                </td>
                <td class="number">{show(now.mean)}</td>
                <td class="number">{show(now.min)}</td>
                <td class="number">{show(now.max)}</td>
                <td class="number">{show(before.mean)}</td>
                <td class="number">{show(yearBefore.mean)}</td>
                <td class="number">{words.percent(now.windows / days.value.length)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The days as a small line, with gaps. */
function Spark({ numbers }: { numbers: (number | null)[] }) {
  const there = numbers.filter((number) => number !== null);
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const x = (n: number) => ((n + 0.5) / numbers.length) * SPARK.width;
  const y = (value: number) => 2 + (1 - (value - low) / (high - low || 1)) * (SPARK.height - 4);
  let path = "";
  numbers.forEach((value, n) => {
    if (value !== null) path += `${numbers[n - 1] == null ? "M" : "L"}${x(n).toFixed(1)} ${y(value).toFixed(1)}h0.01`;
  });
  return (
    <svg class="spark" width={SPARK.width} height={SPARK.height} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** Months with values that are over, as YYYY-MM. */
function monthsOf({ zone, published }: Scene): string[] {
  const stop = monthOf(zone.toLocal(asOf(published)));
  const months: string[] = [];
  for (let month = monthOf(zone.toLocal(firstHour(published))); month < stop; month = addMonths(month, 1)) {
    months.push(isoDate(month).slice(0, 7));
  }
  return months;
}

function periodOfMonth({ zone }: Scene, month: string): Period {
  const start = Date.parse(`${month}-01`) / 1000;
  return { start: zone.toInstant(start), stop: zone.toInstant(addMonths(start, 1)) };
}

async function readContent(scene: Scene, period: Period): Promise<Content> {
  const { source, published, zone } = scene;
  const { series } = published;
  const periods = [period, earlier(period, "P1M", zone), earlier(period, "P1Y", zone)];
  const read = (one: Period) => source.values(published, series, one, "1d", zone);
  const [found, incidents] = await Promise.all([
    Promise.all(periods.map(read)),
    source.incidents(published),
  ]);
  const column = (n: number, which: number): Column => {
    const values: Values = found[which]![n]!;
    return onGrid(series[n]!, values, gridOf(periods[which]!, "1d", zone));
  };
  const rows = series.map((one, n): Row => {
    const of = (which: number) => summarize(column(n, which), "1d", isAdded(scene, one));
    return { series: one, days: column(n, 0), now: of(0), before: of(1), yearBefore: of(2) };
  });
  const isThen = ({ since, until }: Incident) =>
    Date.parse(since) / 1000 < period.stop && Date.parse(until) / 1000 > period.start;
  return {
    rows: rows.filter((row) => row.now.windows && measurementOf(scene, row.series)),
    incidents: incidents.filter((one) => isThen(one)),
  };
}

