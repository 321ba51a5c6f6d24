// The release that is shown: its files, its data dictionary, and how to load them.

import { useEffect, useState } from "preact/hooks";
import type { ReleaseFile } from "./model.ts";
import { measurementLabel, type Scene } from "./scene.ts";
import { getJson } from "./source.ts";
import { unitOf } from "./words.ts";

interface Column {
  name: string;
  type: string;
  description: string;
}

interface Table {
  file: string;
  description: string;
  rows: number;
  columns: Column[];
}

interface Months {
  table: string;
  is_changed: boolean;
  added: { month: string }[];
  changed: { month: string }[];
  withdrawn: { month: string }[];
}

interface Changes {
  since: string;
  tables: Months[];
}

/** What is new since the release before; null where there is none, or no API to ask. */
async function readChanges({ source, published }: Scene): Promise<Changes | null> {
  if (!source.api) return null;
  const { releases } = await getJson<{ releases: { version: string }[] }>(`${source.api}/releases`);
  const at = releases.findIndex((one) => one.version === published.release);
  const before = at < 0 ? undefined : releases[at + 1];
  if (!before) return null;
  return getJson<Changes>(`${source.api}/releases/${published.release}/changes?since=${before.version}`);
}

export function ReleasePage({ scene }: { scene: Scene }) {
  const { words, published, source } = scene;
  const [files, keepFiles] = useState<ReleaseFile[]>([]);
  const [tables, keepTables] = useState<Table[]>([]);
  const [changes, keepChanges] = useState<Changes | null>(null);
  const [failed, fail] = useState("");

  useEffect(() => {
    readChanges(scene).then(keepChanges, () => keepChanges(null));
    source.files(published).then(keepFiles, (error: Error) => fail(error.message));
    getJson<{ tables: Table[] }>(source.fileAddress(published, "schema.json")).then(
      (schema) => keepTables(schema.tables),
      (error: Error) => fail(error.message),
    );
  }, [published]);

  const described = new Map(tables.map((table) => [table.file, table]));
  const own = files.filter((file) => !file.path.startsWith("explorer/"));
  const hourly = source.fileAddress(published, "public_dataset_hourly.parquet");
  return (
    <main class="page">
      <h2>{words.say("release_title", { release: published.release })}</h2>
      <p>
        {words.say("as_of", { time: words.time(Date.parse(published.as_of) / 1000, scene.zone) })} ·{" "}
        {words.say("licence")}: {published.building.licence}
      </p>
      {failed && <p class="problem">{failed}</p>}
      <h2>{words.say("load")}</h2>
      <pre tabIndex={0}>{`duckdb -c "from '${hourly}' limit 10"`}</pre>
      <h2>{words.say("files")}</h2>
      <div class="wide" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>{words.say("file")}</th>
              <th class="number">{words.say("rows")}</th>
              <th class="number">{words.say("size")}</th>
              <th>sha256</th>
            </tr>
          </thead>
          <tbody>
            {own.map((file) => (
              <tr key={file.path}>
                <th scope="row">
                  <a href={source.fileAddress(published, file.path)}>{file.path}</a>
                </th>
                <td class="number">
                  {described.has(file.path) && words.number(described.get(file.path)!.rows, 0)}
                </td>
                <td class="number">{file.bytes !== undefined && words.bytes(file.bytes)}</td>
                <td>
                  <code class="digest">{file.sha256}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {changes && (
        <>
          <h2>{words.say("changes", { release: changes.since })}</h2>
          <ul>
            {changes.tables
              .filter((one) => one.is_changed)
              .map((one) => (
                <li key={one.table}>
                  {one.table} {monthsOf(one)}
                </li>
              ))}
          </ul>
        </>
      )}
      <h2>{words.say("dictionary")}</h2>
      <p class="muted">{words.say("dictionary_english")}</p>
      {tables.map((table) => (
        <details key={table.file}>
          <summary>
            {table.file} <span lang="en">{table.description}</span>
          </summary>
          <table lang="en">
            <tbody>
              {table.columns.map((column) => (
                <tr key={column.name}>
                  <th scope="row">{column.name}</th>
                  <td>{column.type}</td>
                  <td>{column.description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      ))}
      <h2>{words.say("measurements")}</h2>
      <table>
        <tbody>
          {[...published.measurements.values()].map((row) => (
            <tr key={row.measurement}>
              <th scope="row">
                <code>{row.measurement}</code>
              </th>
              <td>{measurementLabel(scene, row.measurement)}</td>
              <td>{unitOf(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

/** Months that came (+), changed (±) or went (−). */
function monthsOf({ added, changed, withdrawn }: Months): string {
  const names = (sign: string, rows: { month: string }[]) => rows.map((row) => `${sign}${row.month}`);
  return [...names("+", added), ...names("±", changed), ...names("−", withdrawn)].join(", ");
}
