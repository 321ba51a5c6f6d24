// A page of KPIs: its controls, and what it is narrowed to. All of it is in the address.

import type { ComponentChildren } from "preact";
import { Controls } from "./controls.tsx";
import { apartmentOf, apartmentsOf, given, kpiLabel } from "./figures.ts";
import { periodOf } from "./load.ts";
import type { Period } from "./period.ts";
import type { Scene } from "./scene.ts";
import type { By } from "./view.ts";

interface Props {
  scene: Scene;
  title: string;
  by?: readonly By[]; // what to choose from
  kpis?: readonly string[];
  children: ComponentChildren;
}

export function KpiPage({ scene, title, by = [], kpis = [], children }: Props) {
  const { words, view, go, published } = scene;
  const period = readable(scene);
  const apartments = apartmentsOf(published);
  const drawn = given(published, kpis);
  return (
    <main class="page">
      <h2>{title}</h2>
      <Controls scene={scene} period={period} grain={null} hasGrain={false}>
        {apartments.length > 1 && (
          <Choice
            title={words.say("by_apartment")}
            value={apartmentOf(scene)}
            options={[["", words.say("apartments_all")], ...apartments.map((name): Option => [name, name])]}
            onChoose={(apartment) => go({ apartment })}
          />
        )}
        {by.length > 1 && (
          <Choice
            title={words.say("by")}
            value={chosenBy(scene, by)}
            options={by.map((name) => [name, words.say(`by_${name}`)])}
            onChoose={(name) => go({ by: name as By })}
          />
        )}
        {drawn.length > 1 && (
          <Choice
            title={words.say("figure")}
            value={chosenKpi(scene, kpis)}
            options={drawn.map((name) => [name, kpiLabel(scene, name)])}
            onChoose={(kpi) => go({ kpi })}
          />
        )}
      </Controls>
      {period ? children : <p class="problem">{words.say("period_wrong", { text: view.datetime.slice(0, 60) })}</p>}
    </main>
  );
}

type Option = [value: string, text: string];

interface ChoiceProps {
  title: string;
  value: string;
  options: Option[];
  onChoose(value: string): void;
}

function Choice({ title, value, options, onChoose }: ChoiceProps) {
  return (
    <label>
      {title}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

export function chosenBy({ view }: Scene, by: readonly By[]): By {
  return by.includes(view.by) ? view.by : by[0]!;
}

export function chosenKpi({ view, published }: Scene, kpis: readonly string[]): string {
  const there = given(published, kpis);
  return there.includes(view.kpi) ? view.kpi : (there[0] ?? "");
}

/** The period of the address; null if it means none. */
function readable(scene: Scene): Period | null {
  try {
    return periodOf(scene);
  } catch {
    return null;
  }
}
