// Comfort by the categories of EN 16798-1, air and windows.

import { Breakdown } from "./breakdown.tsx";
import { COLUMNS, type Figures, kpiLabel, useFigures } from "./figures.ts";
import type { Scene } from "./scene.ts";
import { chosenBy, chosenKpi, KpiPage } from "./slicers.tsx";
import { Defined, Tiles, valueOf } from "./tiles.tsx";
import { Lines } from "./timeline.tsx";
import type { By } from "./view.ts";

const BY: By[] = ["apartment", "room"];
const DRAWN = ["temperature_indoor", "co2_indoor", "humidity_indoor", "noise_indoor", "window_open", "window_openings"];
export const ENVIRONMENT = [...DRAWN, "degree_hours_cold", "degree_hours_warm"];
// what is felt → its categories, each with the hours of those before it
const COMFORT = {
  temperature_indoor: ["comfort_temperature_1", "comfort_temperature_2", "comfort_temperature_3"],
  co2_indoor: ["comfort_co2_1", "comfort_co2_2", "comfort_co2_3"],
  humidity_indoor: ["comfort_humidity_1", "comfort_humidity_2", "comfort_humidity_3"],
};
const NAMES = ["I", "II", "III"];

export function EnvironmentPage({ scene }: { scene: Scene }) {
  const { words } = scene;
  const by = chosenBy(scene, BY);
  return (
    <KpiPage scene={scene} title={words.say("page_environment")} by={BY} kpis={DRAWN}>
      <Tiles scene={scene} kpis={ENVIRONMENT} />
      <Comfort scene={scene} />
      <Lines
        scene={scene}
        columns={COLUMNS[by]}
        kpis={[chosenKpi(scene, DRAWN)]}
        beside="temperature_outdoor"
      />
      <Breakdown scene={scene} title={words.say(`by_${by}`)} columns={COLUMNS[by]} kpis={ENVIRONMENT} />
    </KpiPage>
  );
}

function Comfort({ scene }: { scene: Scene }) {
  const { words } = scene;
  const { loaded } = useFigures(scene, [{ by: ["building_id"], kpis: Object.values(COMFORT).flat() }]);
  const now = loaded?.now[0];
  if (!now?.rows.length) return null;
  const before = loaded?.before?.[0];
  return (
    <section class="comfort">
      <h3>{words.say("comfort")}</h3>
      {Object.entries(COMFORT).map(([name, categories]) => {
        const kpis = now.kpis.filter((kpi) => categories.includes(kpi.name));
        const [shares, earlier] = [sharesOf(now, categories), sharesOf(before, categories)];
        return (
          shares && (
            <div key={name}>
              <Defined scene={scene} kpis={kpis} title={kpiLabel(scene, name)} />
              <Shares scene={scene} shares={shares} />
              {earlier && (
                <>
                  <small>{words.say("earlier")}</small>
                  <Shares scene={scene} shares={earlier} />
                </>
              )}
            </div>
          )
        );
      })}
    </section>
  );
}

/** Percent of hours that are best in each category, and outside of all; null where none are known. */
function sharesOf(figures: Figures | undefined, categories: string[]): number[] | null {
  const within = categories.map((name) => valueOf(figures, name));
  if (within.includes(null)) return null;
  const bounds = [0, ...(within as number[]), 100];
  return bounds.slice(1).map((bound, n) => bound - bounds[n]!);
}

function Shares({ scene: { words }, shares }: { scene: Scene; shares: number[] }) {
  return (
    <>
      <div class="shares" aria-hidden="true">
        {shares.map((share, n) => (
          <i key={n} class={`category-${n}`} style={{ flexGrow: share }} />
        ))}
      </div>
      <ul class="key">
        {shares.map((share, n) => (
          <li key={n}>
            <i class={`category-${n}`} /> {NAMES[n] ?? words.say("comfort_outside")} {words.percent(share / 100)}
          </li>
        ))}
      </ul>
    </>
  );
}
