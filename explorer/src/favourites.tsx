// Views that the reader keeps, in the browser alone.

import { useState } from "preact/hooks";
import { seriesLabel, type Scene } from "./scene.ts";
import { chosenSeries, readView, writeView } from "./view.ts";

const KEY = "favourites";

interface Favourite {
  name: string;
  address: string;
}

export function read<T>(key: string, otherwise: T): T {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? "null") as T | null) ?? otherwise;
  } catch {
    return otherwise; // no storage, or not ours
  }
}

export function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // private windows and foreign frames have no storage
  }
}

export function Favourites({ scene }: { scene: Scene }) {
  const { words, view, go, published } = scene;
  const [all, keep] = useState(() => read<Favourite[]>(KEY, []));
  const change = (favourites: Favourite[]) => {
    write(KEY, favourites);
    keep(favourites);
  };
  const address = writeView(view);
  const add = () => {
    const [first] = chosenSeries(view, published);
    const places = view.places.length > 1 ? ` +${view.places.length - 1}` : "";
    const name = `${first ? seriesLabel(scene, first) : ""}${places}, ${view.datetime}`;
    change([...all.filter((one) => one.address !== address), { name, address }]);
  };
  return (
    <fieldset class="favourites">
      <legend>{words.say("favourites")}</legend>
      <ul>
        {all.map((one) => (
          <li key={one.address}>
            <button type="button" class="plain" onClick={() => go({ ...readView(one.address), language: view.language })}>
              {one.name}
            </button>
            <button
              type="button"
              class="remove"
              aria-label={`${words.say("remove")}: ${one.name}`}
              onClick={() => change(all.filter((other) => other.address !== one.address))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={add}>
        ☆ {words.say("favourite_add")}
      </button>
    </fieldset>
  );
}
