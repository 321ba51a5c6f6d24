// KPIs of all that was chosen, each with its definition.

import { asMeasurement, type Figures, type Kpi, kpiLabel, type Row, useFigures } from "./figures.ts";
import type { Measurement } from "./model.ts";
import type { Scene } from "./scene.ts";

export function Tiles({ scene, kpis }: { scene: Scene; kpis: readonly string[] }) {
  const { words } = scene;
  const { loaded, failed } = useFigures(scene, [{ by: ["building_id"], kpis }]);
  if (failed) return <p class="problem">{failed}</p>;
  if (!loaded) return <p class="muted">{words.say("loading")}</p>;
  const [now, before] = [loaded.now[0]!, loaded.before?.[0]];
  if (!now.rows.length) return <p>{words.say("kpis_none")}</p>;
  const isThere = ({ name }: Kpi) => now.rows.some((row) => row.kpi === name);
  return (
    <dl class="figures tiles">
      {now.kpis.filter(isThere).map((kpi) => (
        <div key={kpi.name}>
          <dt>
            <Defined scene={scene} kpis={[kpi]} />
          </dt>
          <dd>
            <Value
              scene={scene}
              measurement={asMeasurement(kpi, now.rows)}
              now={valueOf(now, kpi.name)}
              before={valueOf(before, kpi.name)}
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The name of a KPI, or a title of several; a click shows what they are. */
export function Defined({ scene, kpis, title }: { scene: Scene; kpis: Kpi[]; title?: string }) {
  return (
    <details>
      <summary>{title ?? kpiLabel(scene, kpis[0]!.name)}</summary>
      {kpis.map(({ name, description }) => (
        <small key={name} lang="en">
          {description} ({name})
        </small>
      ))}
    </details>
  );
}

interface ValueProps {
  scene: Scene;
  measurement: Measurement;
  now: number | null;
  before: number | null;
}

export function Value({ scene: { words }, measurement, now, before }: ValueProps) {
  return (
    <>
      <b>{words.quantity(now, measurement)}</b>
      {before !== null && (
        <small class="before">
          {words.say("earlier_value", { value: words.number(before, measurement.decimals) })}
        </small>
      )}
    </>
  );
}

/** The value of a KPI, of the rows that are meant. */
export function valueOf(
  figures: Figures | undefined,
  kpi: string,
  isMeant: (row: Row) => boolean = () => true,
): number | null {
  return figures?.rows.find((row) => row.kpi === kpi && isMeant(row))?.value ?? null;
}
