// KPIs of apartments, rooms or devices: a row for each.

import { asMeasurement, type Figures, keyOf, type Kpi, nameOf, type Row, useFigures } from "./figures.ts";
import type { Scene } from "./scene.ts";
import { Defined, Value, valueOf } from "./tiles.tsx";

interface Props {
  scene: Scene;
  title: string; // of the first column
  columns: readonly string[];
  kpis: readonly string[];
  isLowestFirst?: boolean; // by the first KPI
  hint?: string;
  chosen?: string;
  onChoose?(key: string): void;
}

interface Group {
  key: string;
  name: string;
  rank: number;
}

export function Breakdown({ scene, title, columns, kpis, isLowestFirst = false, hint, chosen, onChoose }: Props) {
  const { loaded, failed } = useFigures(scene, [{ by: columns, kpis }]);
  const now = loaded?.now[0];
  if (failed) return <p class="problem">{failed}</p>;
  if (!now?.rows.length) return null;
  const shown = now.kpis.filter(({ name }) => now.rows.some((row) => row.kpi === name));
  shown.sort((one, other) => kpis.indexOf(one.name) - kpis.indexOf(other.name));
  const groups = groupsOf(scene, now, columns, shown[0]!, isLowestFirst ? 1 : -1);
  return (
    <section class="wide" tabIndex={0}>
      {hint && <p class="muted">{hint}</p>}
      <table>
        <thead>
          <tr>
            <th>{title}</th>
            {shown.map((kpi) => (
              <th key={kpi.name} class="number" scope="col">
                <Defined scene={scene} kpis={[kpi]} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(({ key, name }) => (
            <tr key={key}>
              <th scope="row">
                {onChoose ? (
                  <button type="button" aria-pressed={key === chosen} onClick={() => onChoose(key)}>
                    {name}
                  </button>
                ) : (
                  name
                )}
              </th>
              {shown.map((kpi) => {
                const isMeant = (row: Row) => keyOf(row, columns) === key;
                return (
                  <td key={kpi.name} class="number">
                    <Value
                      scene={scene}
                      measurement={asMeasurement(kpi, now.rows)}
                      now={valueOf(now, kpi.name, isMeant)}
                      before={valueOf(loaded?.before?.[0], kpi.name, isMeant)}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** In the order of a KPI; those without it are the last. */
function groupsOf(
  scene: Scene,
  { rows }: Figures,
  columns: readonly string[],
  kpi: Kpi,
  sign: 1 | -1,
): Group[] {
  const found = new Map<string, Group>();
  for (const row of rows) {
    const key = keyOf(row, columns);
    const group = found.get(key) ?? { key, name: nameOf(scene, row, columns), rank: Infinity };
    if (row.kpi === kpi.name) group.rank = sign * row.value;
    found.set(key, group);
  }
  return [...found.values()].sort((one, other) => (one.rank < other.rank ? -1 : Number(one.rank > other.rank)));
}
