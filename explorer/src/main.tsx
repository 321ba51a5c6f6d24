import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import { api } from "./api.ts";
import { DEVICES, DevicesPage } from "./devices.tsx";
import { ENERGY, EnergyPage } from "./energy.tsx";
import { ENVIRONMENT, EnvironmentPage } from "./environment.tsx";
import { Explore } from "./explore.tsx";
import { read, write } from "./favourites.tsx";
import { given } from "./figures.ts";
import { ForecastPage } from "./forecast.tsx";
import { HealthPage, Platform } from "./health.tsx";
import { ComparisonPage } from "./kpis.tsx";
import type { Building, Published } from "./model.ts";
import { packs } from "./packs.ts";
import { PRESENCE, PresencePage } from "./presence.tsx";
import { ReleasePage } from "./release.tsx";
import { Report } from "./report.tsx";
import type { Scene } from "./scene.ts";
import type { Source } from "./source.ts";
import "./style.css";
import { PAGES, type PageName, readView, type View, withDefaults, writeView } from "./view.ts";
import { LANGUAGES, type Language, languageOf, readWords, type Words } from "./words.ts";
import { Zone } from "./zone.ts";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

function App({ source, buildings }: { source: Source; buildings: Building[] }) {
  const [view, look] = useState(() => readView(location.hash));
  const [words, speak] = useState<Words | null>(null);
  const [published, keep] = useState<Published | null>(null);
  const [failed, fail] = useState("");
  const language = languageOf(view.language || read("language", ""));

  useEffect(() => {
    const follow = () => look(readView(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
    void readWords(language).then(speak);
  }, [language]);
  const building = buildings.find((one) => one.building_id === view.building) ?? buildings[0];
  useEffect(() => {
    fail("");
    if (building) source.published(building.building_id).then(keep, (error: Error) => fail(error.message));
  }, [building]);

  const zone = useMemo(() => published && new Zone(published.building.timezone), [published]);
  if (!words) return null;
  if (failed) return <p class="problem">{failed}</p>;
  if (!building) {
    return (
      <main class="page">
        <p class="problem">{words.say("nothing_published")}</p>
        <Platform api={source.api} words={words} scene={null} />
      </main>
    );
  }
  if (!published || !zone) return <p class="muted">{words.say("loading")}</p>;
  const whole = withDefaults(view, published);
  const go = (change: Partial<View>) => {
    // from the address, not from `whole`: a chart that waits for its values has an older view
    const next = writeView({ ...withDefaults(readView(location.hash), published), ...change });
    if (next !== location.hash) location.hash = next;
  };
  const scene: Scene = { source, published, zone, words, view: whole, go };
  return (
    <>
      <Header scene={scene} buildings={buildings} language={language} />
      <Body scene={scene} />
      <footer class="muted">
        {words.say("release_of", { release: published.release, licence: published.building.licence })}
      </footer>
    </>
  );
}

function Body({ scene }: { scene: Scene }) {
  switch (scene.view.page) {
    case "explore":
      return <Explore scene={scene} />;
    case "energy":
      return <EnergyPage scene={scene} />;
    case "environment":
      return <EnvironmentPage scene={scene} />;
    case "presence":
      return <PresencePage scene={scene} />;
    case "devices":
      return <DevicesPage scene={scene} />;
    case "kpis":
      return <ComparisonPage scene={scene} />;
    case "forecast":
      return <ForecastPage scene={scene} />;
    case "health":
      return <HealthPage scene={scene} />;
    case "release":
      return <ReleasePage scene={scene} />;
    case "report":
      return <Report scene={scene} />;
  }
}

interface HeaderProps {
  scene: Scene;
  buildings: Building[];
  language: Language;
}

function Header({ scene, buildings, language }: HeaderProps) {
  const { words, view, go, published, source } = scene;
  // who may see a part of a building sees its values alone
  const isWhole = published.building.is_whole !== false;
  const isThere: Record<PageName, boolean> = {
    explore: true,
    energy: given(published, ENERGY).length > 0,
    environment: given(published, ENVIRONMENT).length > 0,
    presence: given(published, PRESENCE).length > 0,
    devices: given(published, DEVICES).length > 0,
    kpis: (published.building.kpis ?? []).length > 0,
    forecast: published.building.forecast != null,
    health: source.api !== "" && isWhole,
    release: isWhole,
    report: true,
  };
  const pages = PAGES.filter((page) => isThere[page]);
  const speak = (name: string) => {
    write("language", name);
    go({ language: name });
  };
  return (
    <header>
      <h1>{published.building.name}</h1>
      <nav aria-label={words.say("pages")}>
        {pages.map((page: PageName) => (
          <a
            key={page}
            href={writeView({ ...view, page })}
            aria-current={view.page === page ? "page" : undefined}
          >
            {words.say(`page_${page}`)}
          </a>
        ))}
      </nav>
      <div class="settings">
        {buildings.length > 1 && (
          <label>
            <span class="hidden">{words.say("building")}</span>
            <select
              value={published.building.building_id}
              onChange={(event) => go({ building: event.currentTarget.value, places: [], measurements: [] })}
            >
              {buildings.map((one) => (
                <option key={one.building_id} value={one.building_id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          <span class="hidden">{words.say("language")}</span>
          <select value={language} onChange={(event) => speak(event.currentTarget.value)}>
            {Object.entries(LANGUAGES).map(([name, own]) => (
              <option key={name} value={name} lang={name}>
                {own}
              </option>
            ))}
          </select>
        </label>
        <ThemeChoice words={words} />
      </div>
    </header>
  );
}

function ThemeChoice({ words }: { words: Words }) {
  const [theme, choose] = useState<Theme>(() => read<Theme>("theme", "auto"));
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const paint = () => {
      const isDark = theme === "dark" || (theme !== "light" && dark.matches);
      document.documentElement.dataset.theme = isDark ? "dark" : "light";
    };
    paint();
    write("theme", theme);
    dark.addEventListener("change", paint);
    return () => dark.removeEventListener("change", paint);
  }, [theme]);
  return (
    <label>
      <span class="hidden">{words.say("theme")}</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {words.say(`theme_${one}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

async function start(): Promise<void> {
  const base = document.documentElement.dataset.api;
  const source = base ? api(base) : packs(new URL("../../", document.baseURI).href);
  const holder = document.getElementById("page")!;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  try {
    const buildings = await source.buildings();
    render(<App source={source} buildings={buildings} />, holder);
  } catch (error) {
    holder.textContent = (error as Error).message;
  }
}

void start();
