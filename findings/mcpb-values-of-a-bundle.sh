#!/usr/bin/env bash
# @anthropic-ai/mcpb 2.1.2 puts what a person entered into a server's environment with String.replace: `$$` in a value
# becomes `$` and `$&` becomes the name of the option. An optional value that is left empty, and has no default in the
# manifest, is not empty for the server: it gets the text `${user_config.NAME}`. `"default": ""` makes it empty.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" --no-package-lock --no-audit --no-fund --silent @anthropic-ai/mcpb@2.1.2
cat > "$work/seen.mjs" <<'JS'
import assert from "node:assert";
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb/node";
const option = (more) => ({ type: "string", title: "t", description: "d", ...more });
const manifest = {
  manifest_version: "0.4", name: "n", version: "1.0.0", description: "d", author: { name: "a" },
  server: { type: "node", entry_point: "s.js", mcp_config: { command: "node", args: [], env: {
    PASSWORD: "${user_config.password}", PHRASE: "${user_config.phrase}",
    EMPTY: "${user_config.empty}", WITH_DEFAULT: "${user_config.with_default}" } } },
  user_config: { password: option(), phrase: option(), empty: option(), with_default: option({ default: "" }) },
};
const { env } = await getMcpConfigForManifest({ manifest, extensionPath: "/x", systemDirs: {}, pathSeparator: "/",
  userConfig: { password: "a$$b", phrase: "c$&d" } });
console.log("@anthropic-ai/mcpb 2.1.2", env);
assert.deepStrictEqual(env, { PASSWORD: "a$b", PHRASE: "c${user_config.phrase}d",
  EMPTY: "${user_config.empty}", WITH_DEFAULT: "" });
JS
cd "$work" && node seen.mjs
