// All KPIs of apartments, rooms or devices side by side, and beside those of an earlier period.

import { asMeasurement, COLUMNS, type Figures, keyOf, nameOf, useFigures } from "./figures.ts";
import type { Scene } from "./scene.ts";
import { chosenBy, KpiPage } from "./slicers.tsx";
import { Defined, Value, valueOf } from "./tiles.tsx";
import { BY } from "./view.ts";

const GROUPS = {
  fact_energy: "page_energy",
  fact_environment: "page_environment",
  fact_presence: "page_presence",
  fact_device_health: "page_devices",
} as const;

export function ComparisonPage({ scene }: { scene: Scene }) {
  return (
    <KpiPage scene={scene} title={scene.words.say("page_kpis")} by={BY}>
      <Comparison scene={scene} columns={COLUMNS[chosenBy(scene, BY)]} />
    </KpiPage>
  );
}

function Comparison({ scene, columns }: { scene: Scene; columns: readonly string[] }) {
  const { words, published } = scene;
  const { loaded, failed } = useFigures(scene, [{ by: columns, kpis: published.building.kpis ?? [] }]);
  if (failed) return <p class="problem">{failed}</p>;
  if (!loaded) return <p class="muted">{words.say("loading")}</p>;
  const [now, before] = [loaded.now[0]!, loaded.before?.[0]];
  if (!now.rows.length) return <p>{words.say("kpis_none")}</p>;
  return (
    <>
      {Object.entries(GROUPS).map(([table, key]) => (
        <section key={table}>
          <Group {...{ scene, columns, table, now, before }} title={words.say(key)} />
        </section>
      ))}
    </>
  );
}

interface GroupProps {
  scene: Scene;
  columns: readonly string[];
  table: string; // how the names of its tables begin
  title: string;
  now: Figures;
  before: Figures | undefined;
}

function Group({ scene, columns, table, title, now, before }: GroupProps) {
  const own = now.kpis.filter((kpi) => kpi.table.startsWith(table));
  const rows = now.rows.filter(({ kpi }) => own.some(({ name }) => name === kpi));
  const names = new Map(rows.map((row) => [keyOf(row, columns), nameOf(scene, row, columns)]));
  if (!names.size) return null;
  return (
    <>
      <h3>{title}</h3>
      <div class="wide" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>{scene.words.say("figure")}</th>
              {[...names].map(([key, name]) => (
                <th key={key} class="number" scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {own.map((kpi) => (
              <tr key={kpi.name}>
                <th scope="row">
                  <Defined scene={scene} kpis={[kpi]} />
                </th>
                {[...names.keys()].map((key) => (
                  <td key={key} class="number">
                    <Value
                      scene={scene}
                      measurement={asMeasurement(kpi, now.rows)}
                      now={valueOf(now, kpi.name, (row) => keyOf(row, columns) === key)}
                      before={valueOf(before, kpi.name, (row) => keyOf(row, columns) === key)}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
