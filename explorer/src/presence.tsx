// When somebody is there: hours of the day over days.

import { Breakdown } from "./breakdown.tsx";
import { COLUMNS } from "./figures.ts";
import type { Scene } from "./scene.ts";
import { chosenBy, chosenKpi, KpiPage } from "./slicers.tsx";
import { Tiles } from "./tiles.tsx";
import { HeatMaps } from "./timeline.tsx";
import type { By } from "./view.ts";

const BY: By[] = ["apartment", "room"];
export const PRESENCE = ["occupancy_rate", "motion_events"];

export function PresencePage({ scene }: { scene: Scene }) {
  const { words } = scene;
  const by = chosenBy(scene, BY);
  return (
    <KpiPage scene={scene} title={words.say("page_presence")} by={BY} kpis={PRESENCE}>
      <Tiles scene={scene} kpis={PRESENCE} />
      <HeatMaps scene={scene} columns={COLUMNS[by]} kpis={[chosenKpi(scene, PRESENCE)]} />
      <Breakdown scene={scene} title={words.say(`by_${by}`)} columns={COLUMNS[by]} kpis={PRESENCE} />
    </KpiPage>
  );
}
