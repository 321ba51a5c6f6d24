// From a point to where it comes from: the raw lines, or where only files are served, the files and
// how to ask them.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Reading, ReleaseFile } from "./model.ts";
import { measurementOf, type Scene, seriesLabel } from "./scene.ts";
import { rawQuery } from "./share.ts";
import type { Column, Frame } from "./values.ts";

export interface Point {
  column: Column;
  t: number;
  value: number | null;
}

export function pointOf(frame: Frame, column: Column, index: number): Point {
  const t = (column.isEarlier ? frame.tBefore : frame.t)[index]!;
  return { column, t, value: column.value[index] ?? null };
}

interface Found {
  readings: Reading[] | null;
  files: ReleaseFile[];
}

export function Lineage({ scene, point, onClose }: { scene: Scene; point: Point; onClose(): void }) {
  const { words, zone, source, published } = scene;
  const dialog = useRef<HTMLDialogElement>(null);
  const [found, keep] = useState<Found | null>(null);
  const [failed, fail] = useState("");
  const { series } = point.column;

  useEffect(() => {
    dialog.current?.showModal();
    const asked = async () => {
      const readings = await source.readings(published, series, point.t);
      return { readings, files: readings ? [] : await source.files(published) };
    };
    asked().then(keep, (error: Error) => fail(error.message));
  }, []);

  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="lineage">
      <h2 id="lineage">{words.say("raw_lines")}</h2>
      <p>
        {seriesLabel(scene, series)}, {words.time(point.t, zone)}:{" "}
        <b>{words.quantity(point.value, measurementOf(scene, series))}</b>
      </p>
      {failed && <p class="problem">{failed}</p>}
      {!found && !failed && <p class="muted">{words.say("loading")}</p>}
      {found?.readings && <Readings scene={scene} readings={found.readings} />}
      {found && !found.readings && <Files scene={scene} point={point} files={found.files} />}
      <form method="dialog">
        <button>{words.say("close")}</button>
      </form>
    </dialog>
  );
}

function Readings({ scene, readings }: { scene: Scene; readings: Reading[] }) {
  const { words, zone } = scene;
  return (
    <div class="wide" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>{words.say("time")}</th>
            <th class="number">{words.say("value")}</th>
            <th>{words.say("quality")}</th>
            <th>{words.say("raw_file")}</th>
            <th class="number">{words.say("line")}</th>
            <th>{words.say("raw_text")}</th>
          </tr>
        </thead>
        <tbody>
          {readings.map((reading, n) => (
            <tr key={n}>
              <td>{words.time(Date.parse(reading.timestamp) / 1000, zone)}</td>
              <td class="number">{reading.value}</td>
              <td>{words.say(`quality_${reading.quality}`)}</td>
              <td>
                {reading.path}
                <br />
                <code class="digest">sha256 {reading.sha256}</code>
              </td>
              <td class="number">{reading.source_line}</td>
              <td>
                {reading.raw == null ? <span class="muted">{words.say("raw_elsewhere")}</span> : <code>{reading.raw}</code>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Files({ scene, point, files }: { scene: Scene; point: Point; files: ReleaseFile[] }) {
  const { words, published, source } = scene;
  const names = ["public_dataset_raw.parquet", "lineage.json"];
  return (
    <div>
      <p>{words.say("raw_by_query", { release: published.release })}</p>
      <ul>
        {files
          .filter((file) => names.includes(file.path))
          .map((file) => (
            <li key={file.path}>
              <a href={source.fileAddress(published, file.path)}>{file.path}</a>
              <br />
              <code class="digest">sha256 {file.sha256}</code>
            </li>
          ))}
      </ul>
      <pre>{rawQuery(scene, point)}</pre>
    </div>
  );
}
