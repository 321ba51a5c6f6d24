// What was used and what it cost, beside the temperature outside.

import { Breakdown } from "./breakdown.tsx";
import { COLUMNS, isOneApartment } from "./figures.ts";
import type { Scene } from "./scene.ts";
import { chosenBy, chosenKpi, KpiPage } from "./slicers.tsx";
import { Tiles } from "./tiles.tsx";
import { Lines } from "./timeline.tsx";
import type { By } from "./view.ts";

const BY: By[] = ["apartment", "room", "device"];
const DRAWN = ["energy", "energy_cost"];
const SUMS = [...DRAWN, "energy_reference"];
export const ENERGY = [...SUMS, "power_mean", "power_peak"];
// An apartment has what its main meter counts; a room or a device also what is a part of it.
const PARTS: Record<string, string[]> = {
  energy: ["energy_submetered", "energy"],
  energy_cost: ["energy_submetered_cost", "energy_cost"],
};

export function EnergyPage({ scene }: { scene: Scene }) {
  const { words } = scene;
  const by = chosenBy(scene, BY);
  const kpi = chosenKpi(scene, DRAWN);
  const whole = kpi === "energy" ? ["energy", "energy_reference"] : [kpi];
  return (
    <KpiPage scene={scene} title={words.say("page_energy")} by={BY} kpis={DRAWN}>
      <Tiles scene={scene} kpis={isOneApartment(scene) ? ENERGY : SUMS} />
      <Lines
        scene={scene}
        columns={COLUMNS[by]}
        kpis={by === "apartment" ? whole : (PARTS[kpi] ?? [])}
        beside="temperature_outdoor"
      />
      <Breakdown
        scene={scene}
        title={words.say(`by_${by}`)}
        columns={COLUMNS[by]}
        kpis={by === "apartment" ? ENERGY : Object.values(PARTS).flat()}
      />
    </KpiPage>
  );
}
