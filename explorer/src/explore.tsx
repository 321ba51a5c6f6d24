// The page on which series are chosen and looked at.

import { useEffect, useState } from "preact/hooks";
import { Calendar } from "./calendar.tsx";
import { Chart } from "./chart.tsx";
import { Controls, Measurements, Shapes } from "./controls.tsx";
import { Favourites } from "./favourites.tsx";
import { Floors } from "./floors.tsx";
import { HeatMap } from "./heatmap.tsx";
import { Incidents, incidentsOf } from "./incidents.tsx";
import { Legend, Range } from "./legend.tsx";
import { Lineage, type Point, pointOf } from "./lineage.tsx";
import { loadFrame, openWindow, periodOf, shownGrain } from "./load.ts";
import type { Incident } from "./model.ts";
import type { Scene } from "./scene.ts";
import { CODES, type Code, codeFor, csvAddress, download, toCsv } from "./share.ts";
import { NewerRelease } from "./source.ts";
import { Table } from "./table.tsx";
import { Tree } from "./tree.tsx";
import type { Column, Frame } from "./values.ts";
import { chosenSeries, MOST_SERIES, writeView } from "./view.ts";

interface Loaded {
  frame: Frame | null;
  failed: string;
  isLoading: boolean;
}

export function Explore({ scene }: { scene: Scene }) {
  const { words, view, published, source } = scene;
  const { frame, failed, isLoading } = useFrame(scene);
  const [found, keep] = useState<Incident[]>([]);
  const [cursor, point] = useState<number | null>(null);
  const [picked, pick] = useState<Point | null>(null);

  useEffect(() => {
    source.incidents(published).then(keep, () => keep([]));
  }, [published]);
  useEffect(() => point(null), [frame]);

  const period = safe(() => periodOf(scene));
  const incidents = useStable(frame ? incidentsOf(frame, found) : []);
  const onPick = (column: Column, index: number) => {
    if (!frame) return;
    if (frame.grain === "1h") pick(pointOf(frame, column, index));
    else openWindow(scene, frame, column, index);
  };
  return (
    <div class="explore">
      <aside>
        <Tree scene={scene} />
        <Measurements scene={scene} />
        <Favourites scene={scene} />
      </aside>
      <main aria-busy={isLoading}>
        <Controls scene={scene} period={period} grain={period && shownGrain(scene, period)} />
        <Shapes scene={scene} />
        {chosenSeries(view, published).length > MOST_SERIES && (
          <p class="problem">{words.say("too_many_series", { most: MOST_SERIES })}</p>
        )}
        {failed && (
          <p class="problem" role="alert">
            {failed}
          </p>
        )}
        {frame && !frame.columns.length && <p class="muted">{words.say("no_series")}</p>}
        {frame && frame.columns.length > 0 && (
          <>
            <Range scene={scene} frame={frame} />
            <Shape {...{ scene, frame, incidents, cursor, onPick }} onCursor={point} />
            {view.shape !== "floors" && <Legend {...{ scene, frame, cursor, onPick }} />}
            <Take scene={scene} frame={frame} />
            <Incidents scene={scene} incidents={incidents} />
          </>
        )}
      </main>
      {picked && <Lineage scene={scene} point={picked} onClose={() => pick(null)} />}
    </div>
  );
}

interface ShapeProps {
  scene: Scene;
  frame: Frame;
  incidents: Incident[];
  cursor: number | null;
  onCursor(index: number | null): void;
  onPick(column: Column, index: number): void;
}

function Shape(props: ShapeProps) {
  const { scene, frame } = props;
  switch (scene.view.shape) {
    case "heatmap":
      return (
        <>
          {frame.columns.map((column) => (
            <HeatMap key={column.series.id} scene={scene} frame={frame} column={column} />
          ))}
        </>
      );
    case "floors":
      return <Floors scene={scene} />;
    case "calendar":
      return <Calendar scene={scene} frame={frame} />;
    case "table":
      return <Table scene={scene} frame={frame} />;
    case "lines":
      return <Chart {...props} />;
  }
}

function Take({ scene, frame }: { scene: Scene; frame: Frame }) {
  const { words, view, published, source } = scene;
  const [code, choose] = useState<Code | "">("");
  const [copied, say] = useState("");
  const copy = async (text: string, said: string) => {
    await navigator.clipboard.writeText(text).then(
      () => say(said),
      () => say(text), // a frame may not write to the clipboard: the reader copies it
    );
  };
  const name = `${published.building.building_id}-${published.release}.csv`;
  const link = new URL(writeView(view), location.href).href;
  return (
    <section class="take" aria-label={words.say("take")}>
      <button type="button" onClick={() => download(name, toCsv(scene, frame))}>
        {words.say("download_csv")}
      </button>
      {source.api && (
        <a class="button" href={csvAddress(scene, frame, "parquet")}>
          {words.say("download_parquet")}
        </a>
      )}
      <button type="button" onClick={() => void copy(link, words.say("link_copied"))}>
        {words.say("copy_link")}
      </button>
      <label>
        {words.say("copy_as")}{" "}
        <select value={code} onChange={(event) => choose(event.currentTarget.value as Code | "")}>
          <option value="">–</option>
          {CODES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <span role="status">{copied}</span>
      {code && (
        <div class="code">
          <pre tabIndex={0}>{codeFor(code, scene, frame)}</pre>
          <button type="button" onClick={() => void copy(codeFor(code, scene, frame), words.say("code_copied"))}>
            {words.say("copy")}
          </button>
        </div>
      )}
    </section>
  );
}

/** What a view shows; the last one stays until the next is there. */
function useFrame(scene: Scene): Loaded {
  const { view, published, zone } = scene;
  const [loaded, keep] = useState<Loaded>({ frame: null, failed: "", isLoading: true });
  const asked = [view.building, view.datetime, view.grain, view.before, view.places.join(), view.measurements.join()];
  const isHours = view.shape === "heatmap" || view.shape === "calendar";
  const isCompared = view.shape === "lines" || view.shape === "table";
  useEffect(() => {
    let isCurrent = true;
    keep((last) => ({ ...last, isLoading: true }));
    loadFrame(scene).then(
      (frame) => isCurrent && keep({ frame, failed: "", isLoading: false }),
      (error: Error) =>
        isCurrent && keep({ frame: null, failed: messageOf(scene, error), isLoading: false }),
    );
    return () => {
      isCurrent = false;
    };
  }, [...asked, isHours, isCompared, published, zone]);
  return loaded;
}

function messageOf({ words, view }: Scene, error: Error): string {
  if (error instanceof NewerRelease) return words.say("newer_release");
  if (error instanceof RangeError) return words.say("period_wrong", { text: view.datetime.slice(0, 60) });
  return `${words.say("failed")}: ${error.message}`;
}

/** The same array while its items are the same, so that a chart is not drawn again. */
function useStable<T extends { id: string }>(items: T[]): T[] {
  const [last, keep] = useState(items);
  const same = last.length === items.length && last.every((one, n) => one.id === items[n]!.id);
  if (same) return last;
  keep(items);
  return items;
}

function safe<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}
