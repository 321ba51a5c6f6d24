// The same view as a table: every window, with a column for each line of the chart.

import { useState } from "preact/hooks";
import { measurementOf, type Scene, seriesLabel } from "./scene.ts";
import type { Frame } from "./values.ts";

const ROWS = 200; // of a page

export function Table({ scene, frame }: { scene: Scene; frame: Frame }) {
  const { words, zone, published } = scene;
  const [page, turn] = useState(0);
  const pages = Math.max(1, Math.ceil(frame.t.length / ROWS));
  const shown = Math.min(page, pages - 1);
  const rows = frame.t.slice(shown * ROWS, (shown + 1) * ROWS);
  return (
    <div>
      <div class="wide" tabIndex={0}>
        <table class="values">
          <thead>
            <tr>
              <th>
                {words.say("time")} <small>{published.building.timezone}</small>
              </th>
              {frame.columns.map((column, n) => (
                <th key={n} class="number">
                  {seriesLabel(scene, column.series)}
                  {column.isEarlier ? ` – ${words.say("earlier")}` : ""}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((t, row) => (
              <tr key={t}>
                <th scope="row">{words.window(t, frame.grain, zone)}</th>
                {frame.columns.map((column, n) => (
                  <td key={n} class="number">
                    {words.quantity(column.value[shown * ROWS + row], measurementOf(scene, column.series))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <p class="pages">
          <button type="button" disabled={shown === 0} onClick={() => turn(shown - 1)}>
            ← {words.say("page_back")}
          </button>{" "}
          {words.say("page_of", { page: shown + 1, pages })}{" "}
          <button type="button" disabled={shown === pages - 1} onClick={() => turn(shown + 1)}>
            {words.say("page_on")} →
          </button>
        </p>
      )}
    </div>
  );
}
