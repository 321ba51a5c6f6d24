// Builds the page into the folder that is its argument: app.js, app.css, index.html, the words of
// each language, and the licences of what is bundled.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2];
const LIBRARIES = ["preact", "uplot"];

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await build({
  entryPoints: [{ in: join(here, "src/main.tsx"), out: "app" }],
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none", // LICENSES.txt has them whole
});
await cp(join(here, "src/index.html"), join(target, "index.html"));
const catalogue = JSON.parse(await readFile(join(here, "catalogue.json"), "utf8"));
for (const language of Object.keys(Object.values(catalogue)[0])) {
  const texts = Object.entries(catalogue).map(([key, own]) => [key, own[language] ?? own.en]);
  await writeFile(join(target, `${language}.json`), JSON.stringify(Object.fromEntries(texts)));
}
const licences = LIBRARIES.map(async (name) => {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${await readFile(join(folder, "LICENSE"), "utf8")}`;
});
await writeFile(join(target, "LICENSES.txt"), (await Promise.all(licences)).join("\n\n"));
