// The building's floors, one below the other, with each place coloured by its value in the period.

import { useEffect, useState } from "preact/hooks";
import { periodOf } from "./load.ts";
import type { Series } from "./model.ts";
import { isAdded, measurementLabel, type Scene } from "./scene.ts";
import { colourOf, GRADIENT, inkOn, type Range, rangeOf } from "./scale.ts";
import { type Branch, branches, locationsOf } from "./places.ts";
import { gridOf, onGrid, summarize } from "./values.ts";
import { DAY } from "./zone.ts";

const SHORT = 3 * DAY; // periods that are read by hours

export function Floors({ scene }: { scene: Scene }) {
  const { words, view, published } = scene;
  const [means, keep] = useState<Map<string, number | null> | null>(null);
  const [failed, fail] = useState("");
  const name = view.measurements[0]!;
  const measurement = published.measurements.get(name);

  useEffect(() => {
    let isCurrent = true;
    keep(null);
    meansOf(scene, name).then(
      (found) => isCurrent && keep(found),
      (error: Error) => isCurrent && fail(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [view.datetime, name, published]);

  if (failed) return <p class="problem">{failed}</p>;
  if (!means) return <p class="muted">{words.say("loading")}</p>;
  const range = rangeOf(means.values());
  const floors = floorsOf(branches(published)).filter((floor) => locationsOf(floor).some((one) => means.has(one)));
  return (
    <figure class="floors">
      <figcaption>
        {measurementLabel(scene, name)}: {words.say(isAdded(scene, { measurement: name }) ? "sum_of_period" : "mean_of_period")}
      </figcaption>
      {floors.map((floor) => (
        <section key={floor.place.id}>
          <h3>{floor.place.name}</h3>
          <ul>
            {locationsOf(floor)
              .filter((location) => means.has(location))
              .map((location) => (
                <Place key={location} {...{ scene, location, value: means.get(location) ?? null, range }} />
              ))}
          </ul>
        </section>
      ))}
      {range && (
        <div class="scale">
          <span>{words.quantity(range.low, measurement)}</span>
          <span class="gradient" style={{ background: GRADIENT }} />
          <span>{words.quantity(range.high, measurement)}</span>
        </div>
      )}
    </figure>
  );
}

interface PlaceProps {
  scene: Scene;
  location: string;
  value: number | null;
  range: Range | null;
}

function Place({ scene, location, value, range }: PlaceProps) {
  const { words, view, go, published } = scene;
  const style =
    value !== null && range ? { background: colourOf(value, range), color: inkOn(value, range) } : {};
  const isChosen = view.places.includes(location);
  const others = view.places.filter((one) => one !== location);
  const places = isChosen ? others : [...others, location];
  return (
    <li>
      <button
        type="button"
        style={style}
        aria-pressed={isChosen}
        onClick={() => (places.length ? go({ places }) : undefined)}
      >
        <span>{location}</span> <b>{words.quantity(value, published.measurements.get(view.measurements[0]!))}</b>
      </button>
    </li>
  );
}

/** The branches right below the building, each with all that is in it; places that hang on the
 * building itself are one more. */
function floorsOf(roots: Branch[]): Branch[] {
  return roots.flatMap((root) => {
    const floors = root.below.filter((branch) => branch.below.length);
    const others = root.below.filter((branch) => !branch.below.length);
    return others.length || root.location ? [...floors, { ...root, below: others }] : floors;
  });
}

async function meansOf(scene: Scene, name: string): Promise<Map<string, number | null>> {
  const { source, published, zone } = scene;
  const period = periodOf(scene);
  const grain = period.stop - period.start > SHORT ? "1d" : "1h";
  const series = published.series.filter((one) => one.measurement === name);
  const values = await source.values(published, series, period, grain, zone);
  const grid = gridOf(period, grain, zone);
  const mean = (one: Series, n: number) =>
    summarize(onGrid(one, values[n]!, grid), grain, isAdded(scene, one)).mean;
  return new Map(series.map((one, n) => [one.location, mean(one, n)]));
}
