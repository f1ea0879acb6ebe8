// Builds each view into one HTML file of the Python package, with a manifest of hashes and sizes.
// `--check` builds too, and fails if what is committed differs.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "src", "mcp_salesforce", "views");
const MOST_GZIP_BYTES = 40 * 1024;
const VIEWS = {
  agenda: "Agenda",
  free: "Free times",
  appointment: "Appointment",
  approval: "A change",
  people: "A person",
  schema: "Schema",
  import: "Import",
};

async function html(name, title) {
  const page = join(here, `.page-${name}`);
  await mkdir(page, { recursive: true });
  try {
    const entry = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title></head><body><main id="view"></main><script type="module" src="/src/${name}.tsx"></script></body></html>`;
    await writeFile(join(page, "index.html"), entry);
    const { output } = await build({
      root: here,
      configFile: false,
      logLevel: "error",
      plugins: [viteSingleFile({ removeViteModuleLoader: true })],
      oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
      // Older targets have light-dark() written in a way that does not follow the host's theme.
      build: { write: false, target: "es2022", cssTarget: ["chrome123", "firefox120", "safari17.5"], rollupOptions: { input: join(page, "index.html") } },
    });
    return output.find(({ fileName }) => fileName.endsWith(".html")).source;
  } finally {
    await rm(page, { recursive: true });
  }
}

async function committed(path) {
  return readFile(path, "utf8").catch(() => "");
}

const files = {};
const manifest = {};
for (const [name, title] of Object.entries(VIEWS)) {
  const text = await html(name, title);
  const gzip = gzipSync(text, { level: 9 }).length;
  if (gzip > MOST_GZIP_BYTES) throw new Error(`${name} has ${gzip} bytes with gzip, at most ${MOST_GZIP_BYTES}`);
  files[`${name}.html`] = text;
  manifest[name] = { title, sha256: createHash("sha256").update(text).digest("hex"), bytes: Buffer.byteLength(text) };
  console.log(`${name}: ${Buffer.byteLength(text)} bytes, ${gzip} with gzip`);
}
files["manifest.json"] = `${JSON.stringify(manifest, null, 2)}\n`;

await mkdir(target, { recursive: true });
for (const [name, text] of Object.entries(files)) {
  const path = join(target, name);
  if (!process.argv.includes("--check")) await writeFile(path, text);
  else if ((await committed(path)) !== text) {
    console.error(`${name} is not what views/ builds: run \`npm run --prefix views build\` and commit the result`);
    process.exitCode = 1;
  }
}
