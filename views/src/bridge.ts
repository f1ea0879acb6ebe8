/** The view's end of MCP Apps (`io.modelcontextprotocol/ui`, 2026-01-26): JSON-RPC with the host's window. */

export const REVISION = "2026-01-26";
const PATIENCE_MS = 10_000;
const MOST_PAGES = 10;

export type Json = Record<string, unknown>;
export interface ToolResult {
  content?: { type: string; text?: string }[];
  structuredContent?: Json;
  isError?: boolean;
}
/** What a host may say about itself: each part is optional, and a change names only what changed. */
export interface HostContext {
  theme?: "light" | "dark";
  locale?: string;
  styles?: { variables?: Record<string, string>; css?: { fonts?: string } };
  containerDimensions?: { maxHeight?: number };
  toolInfo?: { tool?: { name?: string; title?: string } };
}
export interface Handlers {
  input(given: Json): void;
  result(result: ToolResult): void;
  context(context: HostContext): void;
  cancelled(reason: string): void;
}
interface Message {
  jsonrpc: "2.0";
  id?: number | string;
  method?: string;
  params?: Json;
  result?: Json;
  error?: { message: string };
}

export class Bridge {
  #last = 0;
  #waiting = new Map<number | string, (message: Message) => void>();
  #context: HostContext = {};
  #handlers: Handlers;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
    addEventListener("message", (event) => {
      if (event.source === parent && event.data?.jsonrpc === "2.0") this.#take(event.data);
    });
  }

  /** Shake hands with the host; rejects with a plain message if none answers. */
  async connect(name: string): Promise<void> {
    const params = { appInfo: { name, version: "1" }, appCapabilities: {}, protocolVersion: REVISION };
    const host = await this.ask("ui/initialize", params, PATIENCE_MS);
    this.#merge((host.hostContext as HostContext) ?? {});
    this.#send({ method: "ui/notifications/initialized", params: {} });
  }

  /** Call a tool of the server; the result may be a refusal, which is a result too. */
  async call(name: string, given: Json): Promise<ToolResult> {
    return (await this.ask("tools/call", { name, arguments: given })) as ToolResult;
  }

  /** Call a tool and return what it answers; rejects with the words of a refusal. */
  async answer(name: string, given: Json): Promise<Json> {
    const result = await this.call(name, given);
    const answer = result.isError ? undefined : contentOf(result);
    if (!answer) throw new Error(textOf(result));
    return answer;
  }

  /** Return the pages of an answer: all of them, or as many as a view is to hold. */
  async pages(name: string, given: Json): Promise<Json[]> {
    const pages = [await this.answer(name, given)];
    for (let next; (next = pages.at(-1)?.next_cursor) && pages.length < MOST_PAGES; ) {
      pages.push(await this.answer(name, { ...given, cursor: next }));
    }
    return pages;
  }

  /** Ask the host to open an address; rejects if it does not. */
  async open(url: string): Promise<void> {
    const { isError } = await this.ask("ui/open-link", { url });
    if (isError) throw new Error("The host does not open links.");
  }

  /** Call a tool; return its answer, or what was refused or went wrong. */
  async answerOf(name: string, given: Json): Promise<{ answer?: Json; refusal?: Refusal }> {
    try {
      const result = await this.call(name, given);
      if (result.isError) return { refusal: refusalOf(result) };
      const answer = contentOf(result);
      return answer ? { answer } : { refusal: { code: "NO_ANSWER", message: "The host did not pass on the answer.", hint: "" } };
    } catch (error) {
      return { refusal: { code: "", message: (error as Error).message, hint: "" } };
    }
  }

  /** Tell the model what a person did here; some hosts drop it. */
  tell(text: string): void {
    void this.ask("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => {});
  }

  resized(width: number, height: number): void {
    this.#send({ method: "ui/notifications/size-changed", params: { width, height } });
  }

  ask(method: string, params: Json, patience = 0): Promise<Json> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = patience && setTimeout(() => reject(new Error("The host does not answer.")), patience);
      this.#waiting.set(id, ({ result, error }) => {
        if (timer) clearTimeout(timer);
        if (error) reject(new Error(error.message));
        else resolve(result ?? {});
      });
      this.#send({ id, method, params });
    });
  }

  #send(message: Omit<Message, "jsonrpc">): void {
    parent.postMessage({ jsonrpc: "2.0", ...message }, "*"); // the host's origin is unknown to a sandboxed page
  }

  #merge(change: HostContext): void {
    this.#context = { ...this.#context, ...change };
    this.#handlers.context(this.#context);
  }

  #take(message: Message): void {
    const { id, method, params = {} } = message;
    if (!method) {
      const answered = this.#waiting.get(id!);
      this.#waiting.delete(id!);
      answered?.(message);
    } else if (id !== undefined) {
      const known = method === "ping" || method === "ui/resource-teardown";
      this.#send(known ? { id, result: {} } : { id, error: { code: -32601, message: "Unknown method" } as never });
    } else if (method === "ui/notifications/tool-input") this.#handlers.input((params.arguments as Json) ?? {});
    else if (method === "ui/notifications/tool-result") this.#handlers.result(params as ToolResult);
    else if (method === "ui/notifications/host-context-changed") this.#merge(params as HostContext);
    else if (method === "ui/notifications/tool-cancelled") this.#handlers.cancelled(String(params.reason ?? ""));
  }
}

/** Return what a result says: its structured content, else the JSON in its text; hosts may strip the former. */
export function contentOf(result: ToolResult): Json | undefined {
  if (result.structuredContent) return result.structuredContent;
  for (const { text } of result.content ?? []) {
    try {
      const found: unknown = JSON.parse(text ?? "");
      if (found && typeof found === "object" && !Array.isArray(found)) return found as Json;
    } catch {
      // a text for people
    }
  }
  return undefined;
}

/** What a refusal says: the server's code, what happened, and what to do. */
export interface Refusal {
  code: string;
  message: string;
  hint: string;
}

/** Return what a refusal says, from the JSON behind `Error:`; any other text is its message. */
export function refusalOf(result: ToolResult): Refusal {
  const text = (result.content ?? []).map(({ text = "" }) => text).join("\n");
  const { code = "", message, hint = "" } = (contentOf({ content: [{ type: "text", text: text.replace(/^Error: /, "") }] }) ?? {}) as Partial<Refusal>;
  return { code, message: message || text || "The call was refused.", hint };
}

/** Return a refusal for people: what happened, then what to do. */
export function textOf(result: ToolResult): string {
  const { message, hint } = refusalOf(result);
  return [message, hint].filter(Boolean).join("\n");
}
