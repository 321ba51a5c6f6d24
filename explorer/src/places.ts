// The building's places as a tree: the hierarchy without its sensors, and only what leads to series.

import type { Place, Published } from "./model.ts";

export interface Branch {
  place: Place;
  location: string | null; // that series have, if there are any
  below: Branch[];
}

export function branches(published: Published): Branch[] {
  const locations = new Set(published.series.map((one) => one.location));
  const locationOf = ({ name }: Place) => (locations.has(name) ? name : null); // as in the API
  const places = published.places.filter((place) => place.type !== "Sensor");
  const known = new Set(places.map((place) => place.id));
  const children = new Map<string, Place[]>();
  for (const place of places) {
    const parent = place.parent_id !== null && known.has(place.parent_id) ? place.parent_id : "";
    children.set(parent, [...(children.get(parent) ?? []), place]);
  }
  const placed = new Set<string>();
  const grow = (parent: string): Branch[] =>
    (children.get(parent) ?? []).sort(byName).flatMap((place) => {
      const location = locationOf(place);
      if (location) placed.add(location);
      const below = grow(place.id);
      return location || below.length ? [{ place, location, below }] : [];
    });
  const roots = grow("");
  const others = [...locations].filter((location) => !placed.has(location)).sort();
  return [...roots, ...others.map((location) => loose(location, published))];
}

/** A place that series have and the hierarchy has not. */
function loose(location: string, published: Published): Branch {
  const building_id = published.building.building_id;
  const place = { id: location, parent_id: null, type: "Zone", name: location, level: 1, building_id };
  return { place, location, below: [] };
}

/** Floors from the top down (5NP, 1NP, 1PP, 2PP), all else by name with its numbers in order. */
function byName(one: Place, other: Place): number {
  const [a, b] = [floorOf(one.name), floorOf(other.name)];
  if (a !== null && b !== null && a !== b) return b - a;
  return one.name.localeCompare(other.name, undefined, { numeric: true });
}

function floorOf(name: string): number | null {
  const found = /^(\d+)\.?\s*(NP|PP)$/i.exec(name);
  return found ? Number(found[1]) * (found[2]!.toUpperCase() === "NP" ? 1 : -1) : null;
}

export function locationsOf(branch: Branch): string[] {
  return [...(branch.location ? [branch.location] : []), ...branch.below.flatMap(locationsOf)];
}
