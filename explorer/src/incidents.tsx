// What was found wrong with the shown series: where, when, and what to do.

import type { Incident, Series } from "./model.ts";
import type { Scene } from "./scene.ts";
import type { Frame } from "./values.ts";
import { DAY, isoDate } from "./zone.ts";

/** Those that touch one of the series within the period. */
export function incidentsOf(frame: Frame, incidents: Incident[]): Incident[] {
  const series = frame.columns.filter((one) => !one.isEarlier).map((one) => one.series);
  return incidents.filter((incident) => {
    const [since, until] = [incident.since, incident.until].map((text) => Date.parse(text) / 1000);
    const isThen = since! < frame.period.stop && until! > frame.period.start;
    return isThen && series.some((one) => touches(incident, one));
  });
}

/** What an incident names is empty where all is meant. */
function touches(incident: Incident, { source, location, measurement }: Series): boolean {
  const named = (names: string[], name: string) => !names.length || names.includes(name);
  const isOfData = incident.sources.length > 0 || incident.locations.length > 0;
  return (
    isOfData &&
    named(incident.sources, source) &&
    named(incident.locations, location) &&
    named(incident.measurements, measurement)
  );
}

export function Incidents({ scene, incidents }: { scene: Scene; incidents: Incident[] }) {
  const { words } = scene;
  if (!incidents.length) return null;
  return (
    <section aria-labelledby="incidents">
      <h2 id="incidents">{words.say("incidents")}</h2>
      {incidents.map((incident) => (
        <IncidentCard key={incident.id} scene={scene} incident={incident} />
      ))}
    </section>
  );
}

export function IncidentCard({ scene, incident }: { scene: Scene; incident: Incident }) {
  const { words, zone, published, go } = scene;
  const [since, until] = [incident.since, incident.until].map((text) => Date.parse(text) / 1000);
  const label = (kind: string, otherwise: string) =>
    words.label(published.labels, kind, incident.check, otherwise);
  const places = incident.locations.length ? incident.locations : incident.sources;
  const show = () =>
    go({
      page: "explore",
      shape: "lines",
      before: "",
      ...(incident.locations.length ? { places: incident.locations.slice(0, 5) } : {}),
      ...(incident.measurements.length ? { measurements: incident.measurements.slice(0, 1) } : {}),
      datetime: around(incident, scene),
    });
  return (
    <article class={`incident ${incident.severity} ${incident.silenced_by ? "silenced" : ""}`}>
      <h3>
        <span class="severity">{words.say(incident.severity)}</span> {label("check", incident.title)}:{" "}
        {places.join(", ")}
      </h3>
      <p class="muted">
        {words.time(since!, zone)} – {words.time(until!, zone)} · {words.say(`status_${incident.status}`)}
        {incident.silenced_by && ` · ${words.say("silenced")}: ${incident.silenced_by}`}
      </p>
      <p>
        {words.say("what_to_do")}: {label("what_to_do", incident.what_to_do)}
      </p>
      {incident.evidence && (
        <p class="muted">
          {words.say("evidence")}: <span lang="en">{incident.evidence}</span>
        </p>
      )}
      {places.length > 0 && (
        <button type="button" class="plain" onClick={show}>
          {words.say("show_on_chart")}
        </button>
      )}
      {incident.log_url && <a href={incident.log_url}>{words.say("task_log")}</a>}
    </article>
  );
}

/** The days of an incident, with a day before and after. */
function around(incident: Incident, { zone }: Scene): string {
  const day = (text: string, by: number) => {
    return isoDate(zone.toLocal(Date.parse(text) / 1000) + by * DAY);
  };
  return `${day(incident.since, -1)}/${day(incident.until, 2)}`;
}
