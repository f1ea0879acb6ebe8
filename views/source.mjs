// A module of src/ as Node can import it, for the tests.
import { fileURLToPath } from "node:url";
import { build } from "vite";

export async function source(name) {
  const entry = fileURLToPath(new URL(`src/${name}.ts`, import.meta.url));
  const [{ output }] = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, formats: ["es"] } },
  });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}
