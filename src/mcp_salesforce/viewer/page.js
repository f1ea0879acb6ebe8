// The host's side of MCP Apps (2026-01-26) for one view: JSON-RPC with its frame, and its calls passed on to the command.

const REVISION = "2026-01-26";
const UNKNOWN = { code: -32601, message: "This host does not do that" };
const frame = document.querySelector("iframe");
const dark = matchMedia("(prefers-color-scheme: dark)");
let shown;

/** The address works once; what it is exchanged for stays with this tab, so that the page can be loaded again. */
async function takeKey() {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", "/");
  if (secret) {
    const given = await fetch("/key", { method: "POST", headers: { Authorization: `Bearer ${secret}` } });
    if (!given.ok) throw new Error(await given.text());
    sessionStorage.setItem("key", await given.text());
  }
}

async function ask(path, body) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem("key")}` };
  const answer = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Error("The command has ended.");
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

const call = async ({ name, arguments: given = {} }) => (await ask("/call", { name, arguments: given })).json();

function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.hidden = !text;
}

/** Show what the command says, until it ends. */
async function listen() {
  const reader = (await ask("/said")).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) return say("The command has ended. You can close this page.");
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) say(JSON.parse(line));
  }
}

const send = (message) => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*"); // its origin is opaque
const notify = (method, params) => send({ method: `ui/notifications/${method}`, params });
const theme = () => (shown.theme === "auto" ? (dark.matches ? "dark" : "light") : shown.theme);

const answers = {
  __proto__: null,
  ping: () => ({}),
  "ui/initialize": () => ({
    protocolVersion: REVISION,
    hostInfo: { name: "mcp-salesforce view", version: "1" },
    hostCapabilities: { serverTools: {}, openLinks: {} },
    hostContext: {
      theme: theme(),
      locale: navigator.language,
      displayMode: "fullscreen",
      toolInfo: { tool: { name: shown.tool, inputSchema: { type: "object" } } },
    },
  }),
  "tools/call": call,
  "ui/update-model-context": () => ({}), // no model is here
  "ui/open-link": ({ url }) => {
    if (!/^https:\/\//.test(url)) throw new Error("Only links that begin with https:// are opened");
    const link = document.querySelector("#link a");
    link.href = link.textContent = url;
    link.parentElement.hidden = false;
    return {};
  },
};

const told = {
  __proto__: null,
  async "ui/notifications/initialized"() {
    notify("tool-input", { arguments: shown.arguments });
    notify("tool-result", await call({ name: shown.tool, arguments: shown.arguments }));
  },
  "ui/notifications/size-changed": ({ height }) => {
    if (height) frame.style.height = `${height}px`;
  },
};

addEventListener("message", async ({ source, data }) => {
  if (source !== frame.contentWindow || data?.jsonrpc !== "2.0" || !data.method) return;
  const { id, method, params = {} } = data;
  try {
    if (id === undefined) await told[method]?.(params);
    else send({ id, ...(answers[method] ? { result: await answers[method](params) } : { error: UNKNOWN }) });
  } catch (error) {
    if (id === undefined) say(error.message);
    else send({ id, error: { code: -32000, message: error.message } });
  }
});
dark.addEventListener("change", () => shown && notify("host-context-changed", { theme: theme() }));

try {
  await takeKey();
  shown = await (await ask("/shown")).json();
  document.title = frame.title = shown.title;
  if (shown.theme !== "auto") document.documentElement.style.colorScheme = shown.theme;
  void listen().catch((error) => say(error.message));
  frame.src = "/view";
} catch (error) {
  say(error.message);
}
