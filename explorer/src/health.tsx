// What is wrong now, what was lately, how fresh the series are, which files were rejected, and how
// the runs ended. Only the API knows it.

import { useEffect, useState } from "preact/hooks";
import { IncidentCard } from "./incidents.tsx";
import type { Incident, Run } from "./model.ts";
import { type Scene, seriesLabel } from "./scene.ts";
import { getJson } from "./source.ts";
import type { Words } from "./words.ts";
import { DAY, HOUR } from "./zone.ts";

const LATE = 6 * HOUR; // behind the newest of its source
const MOST_PROBLEMS = 25; // of a source

interface Refused {
  path: string;
  datasource_id: string;
  first_seen: string;
  reasons: string[];
}

interface Health {
  incidents: Incident[];
  refused: Refused[];
  runs: Run[];
  freshness: { id: string; source: string; last: string }[];
  accounting: Accounts;
}

export function HealthPage({ scene }: { scene: Scene }) {
  const { words, published, source } = scene;
  const [health, keep] = useState<Health | null>(null);
  const [failed, fail] = useState("");

  useEffect(() => {
    readHealth(scene).then(keep, (error: Error) => fail(error.message));
  }, [published, source]);

  if (failed) return <p class="problem">{failed}</p>;
  if (!health) return <p class="muted">{words.say("loading")}</p>;
  const open = health.incidents.filter((one) => one.status !== "resolved");
  const resolved = health.incidents.filter((one) => one.status === "resolved");
  const loud = (severity: string) =>
    open.filter((one) => one.severity === severity && !one.silenced_by).length;
  return (
    <main class="page">
      <h2>{words.say("page_health")}</h2>
      <p class="muted">{words.say("as_of", { time: words.time(Date.parse(published.as_of) / 1000, scene.zone) })}</p>
      <dl class="figures">
        <Figure name={words.say("errors_open")} value={loud("error")} kind="error" />
        <Figure name={words.say("warnings_open")} value={loud("warning")} kind="warning" />
        <Figure name={words.say("files_rejected")} value={health.refused.length} kind="warning" />
        <Figure name={words.say("series")} value={published.series.length} kind="" />
      </dl>
      <h2 id="incidents">{words.say("incidents_open")}</h2>
      {!open.length && <p>{words.say("incidents_none")}</p>}
      {open.map((incident) => (
        <IncidentCard key={incident.id} scene={scene} incident={incident} />
      ))}
      {resolved.length > 0 && <h2>{words.say("incidents_resolved")}</h2>}
      {resolved.map((incident) => (
        <IncidentCard key={incident.id} scene={scene} incident={incident} />
      ))}
      <Late scene={scene} health={health} />
      <Rejected scene={scene} refused={health.refused} />
      <Runs scene={scene} runs={health.runs} />
      <Accounting scene={scene} accounting={health.accounting} />
      <Platform api={source.api} words={words} scene={scene} />
    </main>
  );
}

async function readHealth({ source, published }: Scene): Promise<Health> {
  const at = `${source.api}/buildings/${encodeURIComponent(published.building.building_id)}/health`;
  const [incidents, { quarantine }, { runs }, { freshness }, { accounting }] = await Promise.all([
    source.incidents(published),
    getJson<{ quarantine: Refused[] }>(`${at}/quarantine`),
    getJson<{ runs: Run[] }>(`${source.api}/health/runs`),
    getJson<{ freshness: Health["freshness"] }>(`${at}/freshness`),
    getJson<{ accounting: Accounts }>(`${at}/accounting`),
  ]);
  return { incidents, refused: quarantine, runs, freshness, accounting };
}

interface PlatformHealth {
  look: { as_of: string; run_id: string } | null;
  findings: Incident[];
  unread: Record<string, string[]> | null;
}

/** What is wrong with no building alone; it is there before anything was published. */
export function Platform({ api, words, scene }: { api: string; words: Words; scene: Scene | null }) {
  const [health, keep] = useState<PlatformHealth | null>(null);
  const { models } = document.documentElement.dataset;
  useEffect(() => {
    if (api) getJson<PlatformHealth>(`${api}/health`).then(keep, () => keep(null));
  }, [api]);
  if (!health) return null;
  const open = health.findings.filter((one) => one.status !== "resolved");
  const unread = Object.entries(health.unread ?? {});
  return (
    <section id="platform">
      <h2>{words.say("platform")}</h2>
      {!health.look && <p>{words.say("not_checked_yet")}</p>}
      {open.map((one) =>
        scene ? (
          <IncidentCard key={one.id} scene={scene} incident={one} />
        ) : (
          <p key={one.id} class="problem" lang="en">
            {one.message}. {one.what_to_do}
          </p>
        ),
      )}
      <h3>{words.say("sources")}</h3>
      {!unread.length && <p>{words.say(health.unread ? "all_read" : "not_read_yet")}</p>}
      {unread.map(([name, problems]) => (
        <div key={name} class="problem" lang="en">
          <h3>{name}</h3>
          {problems.slice(0, MOST_PROBLEMS).map((problem) => (
            <p key={problem}>{problem}</p>
          ))}
        </div>
      ))}
      {models && (
        <p>
          <a href={models} target="_top">
            {words.say("models")}
          </a>
        </p>
      )}
    </section>
  );
}

const OUTCOMES = ["readings", "nulls", "unmapped", "ignored", "unparsable"] as const;
const FATES = ["kept", "duplicates", "superseded"] as const;
type Accounts = Record<"cells" | (typeof OUTCOMES)[number] | (typeof FATES)[number], number>;

/** Every cell of every file is in one of these rows. */
function Accounting({ scene, accounting }: { scene: Scene; accounting: Accounts }) {
  const { words } = scene;
  const sum = (total: "cells" | "readings", parts: readonly (keyof Accounts)[]) => (
    <p>
      {words.number(accounting[total], 0)} {words.say(`cells_${total}`)} ={" "}
      {parts.map((name, n) => (
        <span key={name}>
          {n > 0 && " + "}
          {words.number(accounting[name], 0)} {words.say(`cells_${name}`)}
        </span>
      ))}
    </p>
  );
  return (
    <section id="accounting">
      <h2>{words.say("accounting")}</h2>
      {sum("cells", OUTCOMES)}
      {sum("readings", FATES)}
    </section>
  );
}

function Figure({ name, value, kind }: { name: string; value: number; kind: string }) {
  return (
    <div class={value && kind ? kind : "good"}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Series that are behind the newest one of their source. */
function Late({ scene, health }: { scene: Scene; health: Health }) {
  const { words, zone, published } = scene;
  const newest = new Map<string, number>();
  for (const { source, last } of health.freshness) {
    newest.set(source, Math.max(newest.get(source) ?? 0, Date.parse(last) / 1000));
  }
  const late = health.freshness.filter(
    ({ source, last }) => newest.get(source)! - Date.parse(last) / 1000 > LATE,
  );
  const series = new Map(published.series.map((one) => [one.id, one]));
  return (
    <section>
      <h2>{words.say("freshness")}</h2>
      <ul>
        {[...newest].map(([source, last]) => (
          <li key={source}>
            {source}: {words.say("last_hour", { time: words.time(last, zone) })}
          </li>
        ))}
      </ul>
      {late.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>{words.say("late_series")}</th>
              <th>{words.say("last_value")}</th>
              <th class="number">{words.say("days_behind")}</th>
            </tr>
          </thead>
          <tbody>
            {late.map(({ id, source, last }) => (
              <tr key={id}>
                <th scope="row">{seriesLabel(scene, series.get(id)!)}</th>
                <td>{words.time(Date.parse(last) / 1000, zone)}</td>
                <td class="number">{words.number((newest.get(source)! - Date.parse(last) / 1000) / DAY, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Rejected({ scene, refused }: { scene: Scene; refused: Refused[] }) {
  const { words, zone } = scene;
  return (
    <section id="quarantine">
      <h2>{words.say("files_rejected")}</h2>
      {!refused.length && <p>{words.say("none")}</p>}
      {refused.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>{words.say("file")}</th>
              <th>{words.say("since")}</th>
              <th>{words.say("reason")}</th>
            </tr>
          </thead>
          <tbody>
            {refused.map((one) => (
              <tr key={one.path + one.first_seen}>
                <th scope="row">{one.path}</th>
                <td>{words.time(Date.parse(one.first_seen) / 1000, zone)}</td>
                <td lang="en">{one.reasons.join("; ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Runs({ scene, runs }: { scene: Scene; runs: Run[] }) {
  const { words, zone } = scene;
  const { airflow } = document.documentElement.dataset;
  const time = (text: string) => (text ? words.time(Date.parse(text) / 1000, zone) : "–");
  return (
    <section id="runs">
      <h2>{words.say("runs")}</h2>
      <table>
        <thead>
          <tr>
            <th>DAG</th>
            <th>{words.say("run_state")}</th>
            <th>{words.say("run_started")}</th>
            <th>{words.say("run_succeeded")}</th>
            <th class="number">{words.say("seconds")}</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.dag_id}>
              <th scope="row">
                {airflow ? (
                  <a href={`${airflow}/dags/${run.dag_id}/runs`} target="_top">
                    {run.dag_id}
                  </a>
                ) : (
                  run.dag_id
                )}
              </th>
              <td class={run.state === "success" ? "good" : "error"}>
                {run.state}
                {run.state !== "success" && run.reason ? `: ${run.reason}` : ""}
              </td>
              <td>{time(run.started)}</td>
              <td>{time(run.succeeded)}</td>
              <td class="number">{run.seconds.at(-1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
