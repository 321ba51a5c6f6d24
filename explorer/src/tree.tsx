// The places as a tree of checkboxes: a place with series chooses itself, one without all below it.

import { useState } from "preact/hooks";
import { type Branch, branches, locationsOf } from "./places.ts";
import type { Scene } from "./scene.ts";

export function Tree({ scene }: { scene: Scene }) {
  const { words, published } = scene;
  return (
    <fieldset class="tree">
      <legend>{words.say("places")}</legend>
      <ul>
        {branches(published).map((branch) => (
          <Node key={branch.place.id} scene={scene} branch={branch} />
        ))}
      </ul>
    </fieldset>
  );
}

function Node({ scene, branch }: { scene: Scene; branch: Branch }) {
  const { view, go, words, published } = scene;
  const [isOpen, open] = useState(
    branch.place.level === 0 || locationsOf(branch).some((name) => view.places.includes(name)),
  );
  const own = branch.location ? [branch.location] : locationsOf(branch);
  const chosen = own.filter((location) => view.places.includes(location));
  const type = words.label(published.labels, "type", branch.place.type, branch.place.type);
  const choose = (event: Event) => {
    const isOn = (event.currentTarget as HTMLInputElement).checked;
    const others = view.places.filter((location) => !own.includes(location));
    const places = isOn ? [...view.places, ...own.filter((name) => !view.places.includes(name))] : others;
    if (places.length) go({ places });
    else (event.currentTarget as HTMLInputElement).checked = true; // at least one
  };
  const box = (
    <label>
      <input
        type="checkbox"
        checked={chosen.length === own.length}
        ref={(input) => {
          if (input) input.indeterminate = chosen.length > 0 && chosen.length < own.length;
        }}
        onChange={choose}
      />
      {branch.place.name} <small>{branch.location ? "" : type}</small>
    </label>
  );
  if (!branch.below.length) return <li class="leaf">{box}</li>;
  return (
    <li>
      <button
        type="button"
        class="twisty"
        aria-expanded={isOpen}
        aria-label={`${words.say("places")}: ${branch.place.name}`}
        onClick={() => open(!isOpen)}
      >
        {isOpen ? "▾" : "▸"}
      </button>
      {box}
      {isOpen && (
        <ul>
          {branch.below.map((one) => (
            <Node key={one.place.id} scene={scene} branch={one} />
          ))}
        </ul>
      )}
    </li>
  );
}
