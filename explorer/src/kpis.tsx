// KPIs of apartments, beside those of an earlier period. What each one is, the API says.

import { useEffect, useState } from "preact/hooks";
import { iso } from "./api.ts";
import { Controls } from "./controls.tsx";
import { periodOf } from "./load.ts";
import type { Labels } from "./model.ts";
import { earlier, type Period } from "./period.ts";
import type { Scene } from "./scene.ts";
import { getJson } from "./source.ts";
import { unitOf } from "./words.ts";

const GROUPS = {
  fact_energy: "kpi_energy",
  fact_environment: "kpi_environment",
  fact_presence: "kpi_presence",
  fact_device_health: "kpi_devices",
} as const;

interface Kpi {
  name: string;
  unit: string;
  table: string;
  description: string;
  labels: Labels[string][string];
}

interface Row {
  apartment: string;
  kpi: string;
  value: number;
}

interface Figures {
  kpis: Kpi[];
  rows: Row[];
}

export function KpiPage({ scene }: { scene: Scene }) {
  const { words, published, view, zone } = scene;
  const [figures, keep] = useState<[Figures, Figures | null] | null>(null);
  const [failed, fail] = useState("");
  const period = readable(scene);

  useEffect(() => {
    let isCurrent = true;
    fail(period ? "" : words.say("period_wrong", { text: view.datetime.slice(0, 60) }));
    if (!period) return undefined;
    const before = view.before ? read(scene, earlier(period, view.before, zone)) : Promise.resolve(null);
    Promise.all([read(scene, period), before]).then(
      (found) => isCurrent && keep(found),
      (error: Error) => isCurrent && fail(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [published, view.datetime, view.before]);

  return (
    <main class="page">
      <h2>{words.say("page_kpis")}</h2>
      <Controls scene={scene} period={period} grain={null} hasGrain={false} />
      {failed && <p class="problem">{failed}</p>}
      {!figures && !failed && <p class="muted">{words.say("loading")}</p>}
      {figures && <Groups scene={scene} now={figures[0]} before={figures[1]} />}
    </main>
  );
}

function Groups({ scene, now, before }: { scene: Scene; now: Figures; before: Figures | null }) {
  const { words } = scene;
  const apartments = [...new Set(now.rows.map((row) => row.apartment))].sort();
  if (!apartments.length) return <p>{words.say("kpis_none")}</p>;
  return (
    <>
      {Object.entries(GROUPS).map(([table, key]) => {
        const own = now.kpis.filter((kpi) => kpi.table.startsWith(table));
        return own.length > 0 ? (
          <section key={table}>
            <h3>{words.say(key)}</h3>
            <table>
              <thead>
                <tr>
                  <th>{words.say("figure")}</th>
                  {apartments.map((name) => (
                    <th key={name} class="number" scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {own.map((kpi) => (
                  <tr key={kpi.name}>
                    <th scope="row">
                      <details>
                        <summary>{kpi.labels[words.language] ?? kpi.description}</summary>
                        <small lang="en">
                          {kpi.description} ({kpi.name})
                        </small>
                      </details>
                    </th>
                    {apartments.map((name) => (
                      <td key={name} class="number">
                        <Value scene={scene} kpi={kpi} now={valueOf(now, name, kpi)} before={valueOf(before, name, kpi)} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ) : null;
      })}
    </>
  );
}

interface ValueProps {
  scene: Scene;
  kpi: Kpi;
  now: number | null;
  before: number | null;
}

function Value({ scene: { words }, kpi, now, before }: ValueProps) {
  const unit = unitOf({ unit: kpi.unit });
  return (
    <>
      <b>
        {words.number(now, 1)}
        {now !== null && unit ? `\u00a0${unit}` : ""}
      </b>
      {before !== null && (
        <>
          <br />
          <small>{words.say("earlier_value", { value: words.number(before, 1) })}</small>
        </>
      )}
    </>
  );
}

/** The period of the address; null if it means none. */
function readable(scene: Scene): Period | null {
  try {
    return periodOf(scene);
  } catch {
    return null;
  }
}

function valueOf(figures: Figures | null, apartment: string, kpi: Kpi): number | null {
  const found = figures?.rows.find((row) => row.apartment === apartment && row.kpi === kpi.name);
  return found?.value ?? null;
}

function read({ source, published }: Scene, { start, stop }: Period): Promise<Figures> {
  const asked = new URLSearchParams({ by: "apartment", datetime: `${iso(start)}/${iso(stop)}` });
  return getJson<Figures>(`${source.api}/buildings/${encodeURIComponent(published.building.building_id)}/kpis?${asked}`);
}
