// The health of devices, the worst first.

import { Breakdown } from "./breakdown.tsx";
import type { Scene } from "./scene.ts";
import { chosenKpi, KpiPage } from "./slicers.tsx";
import { Tiles } from "./tiles.tsx";
import { Lines } from "./timeline.tsx";

export const DEVICES = ["uptime", "missing_readings", "device_errors", "battery_lowest"];
const COLUMNS = ["apartment", "room", "sensor_type"];

export function DevicesPage({ scene }: { scene: Scene }) {
  const { words, view, go } = scene;
  return (
    <KpiPage scene={scene} title={words.say("page_devices")} kpis={DEVICES}>
      <Tiles scene={scene} kpis={DEVICES} />
      {view.device && (
        <Lines scene={scene} columns={COLUMNS} kpis={[chosenKpi(scene, DEVICES)]} only={view.device} isDaily />
      )}
      <Breakdown
        scene={scene}
        title={words.say("by_device")}
        columns={COLUMNS}
        kpis={DEVICES}
        isLowestFirst
        hint={words.say("device_choose")}
        chosen={view.device}
        onChoose={(device) => go({ device })}
      />
    </KpiPage>
  );
}
