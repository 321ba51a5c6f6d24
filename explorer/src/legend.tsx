// One row for each line: how it is drawn, its value under the cursor, and what it was in the period.

import { lookOf } from "./chart.tsx";
import { isAdded, measurementOf, type Scene, seriesLabel } from "./scene.ts";
import { type Column, type Frame, summarize } from "./values.ts";

interface Props {
  scene: Scene;
  frame: Frame;
  cursor: number | null;
  onPick?(column: Column, index: number): void;
  hasSummary?: boolean;
}

export function Legend({ scene, frame, cursor, onPick, hasSummary = true }: Props) {
  const { words, zone } = scene;
  const at = cursor === null ? null : frame.t[cursor];
  return (
    <div class="wide" tabIndex={0}>
      <table class="legend">
        <thead>
          <tr>
            <th>{words.say("series")}</th>
            <th class="number">{at == null ? words.say("cursor") : words.window(at, frame.grain, zone)}</th>
            {hasSummary && (
              <>
                <th class="number">{words.say("mean_or_sum")}</th>
                <th class="number">{words.say("lowest")}</th>
                <th class="number">{words.say("highest")}</th>
                <th class="number">{words.say("complete")}</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {frame.columns.map((column) => (
            <Row key={`${column.series.id} ${column.isEarlier}`} {...{ scene, frame, column, cursor, onPick, hasSummary }} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ scene, frame, column, cursor, onPick, hasSummary }: Props & { column: Column }) {
  const { words } = scene;
  const { colour, dash, width } = lookOf(frame, column);
  const measurement = measurementOf(scene, column.series);
  const summary = summarize(column, frame.grain, isAdded(scene, column.series));
  const show = (value: number | null | undefined) => words.quantity(value, measurement);
  const value = cursor === null ? null : column.value[cursor];
  const name = seriesLabel(scene, column.series);
  return (
    <tr class={column.isEarlier ? "earlier" : ""}>
      <th scope="row">
        <svg width="34" height="10" aria-hidden="true">
          <line x1="1" x2="33" y1="5" y2="5" stroke={colour} stroke-width={width + 0.6} stroke-dasharray={dash.join(" ")} />
        </svg>
        {column.isEarlier ? `${name} – ${words.say("earlier")}` : name}
      </th>
      <td class="number">
        {onPick && cursor !== null && value != null ? (
          <button type="button" class="plain" title={words.say("raw_lines")} onClick={() => onPick(column, cursor)}>
            {show(value)}
          </button>
        ) : (
          show(value)
        )}
      </td>
      {hasSummary && (
        <>
          <td class="number">{show(summary.mean)}</td>
          <td class="number">{show(summary.min)}</td>
          <td class="number">{show(summary.max)}</td>
          <td class="number">{words.percent(frame.t.length ? summary.windows / frame.t.length : 0)}</td>
        </>
      )}
    </tr>
  );
}

/** The true range of what is shown, and the zone of its times. */
export function Range({ scene, frame }: { scene: Scene; frame: Frame }) {
  const { words, zone, published } = scene;
  const { start, stop } = frame.period;
  return (
    <p class="range">
      <b>
        {words.time(start, zone)} – {words.time(stop, zone)}
      </b>{" "}
      <span class="muted">
        {words.say(`grain_${frame.grain}`)} · {words.say("zone", { zone: published.building.timezone })}
        {scene.source.api ? "" : ` · ${words.say("rounded")}`}
      </span>
    </p>
  );
}
