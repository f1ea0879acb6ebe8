/** A change: what it would do, for a person to approve or decline; what was done, to take back; or why it was refused. */
import { render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Bridge, contentOf, refusalOf, type Json, type Refusal, type ToolResult } from "./bridge.ts";
import { localeOf, reportSize, wear } from "./kit.ts";
import { Outcome, Plan, Refused } from "./plan.tsx";

const UNDO = "salesforce_undo";
/** Refusals after which the same call can be made again: nobody has answered the question yet. */
const MAY_ASK_AGAIN = new Set(["APPROVAL_UNAVAILABLE", "APPROVAL_CANCELLED", "APPROVAL_INVALID", "CHANGED_SINCE"]);

const bridge = new Bridge({
  input: (given) => update({ given }),
  result: (result) => void take(result),
  context: (context) => {
    wear(context);
    const tool = context.toolInfo?.tool;
    update({ locale: localeOf(context.locale), tool: tool?.name ?? state.tool, title: tool?.title ?? state.title });
  },
  cancelled: (reason) => update({ refusal: failure(`The call was cancelled. ${reason}`), busyWith: "" }),
});

const failure = (message: string): Refusal => ({ code: "", message, hint: "" });

let state = {
  given: undefined as Json | undefined,
  tool: "",
  title: "",
  locale: localeOf(),
  stage: "waiting" as "waiting" | "planned" | "done" | "declined",
  answer: {} as Json,
  refusal: undefined as Refusal | undefined,
  said: "",
  busyWith: "Loading…",
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  render(<Approval />, document.getElementById("view")!);
}

/** Take what the host passes on. A preview can be asked for again; a write is never repeated to see its answer. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) {
    const refusal = refusalOf(result);
    update({ refusal, busyWith: "" });
    return MAY_ASK_AGAIN.has(refusal.code) ? preview() : undefined;
  }
  const answer = contentOf(result);
  if (answer) return keep(answer);
  if (state.given?.preview === true) return preview();
  update({ refusal: failure("The host did not pass on the answer. Ask the assistant what was changed."), busyWith: "" });
}

function keep(answer: Json): void {
  const isPlan = Array.isArray(answer.preview);
  update({ answer, stage: isPlan ? "planned" : "done", tool: String(answer.tool ?? state.tool), busyWith: "" });
}

/** Ask what the call would do; nothing is changed. */
async function preview(): Promise<void> {
  const { given, tool } = state;
  if (!given || !tool) return update({ busyWith: "" });
  update({ busyWith: "Asking the server what would change…" });
  const { answer, refusal } = await bridge.answerOf(tool, { ...given, preview: true });
  if (answer) keep(answer);
  else update({ refusal: state.refusal ?? refusal, busyWith: "" });
}

/** What of two previews must be the same; the number of calls depends on what the server still knows. */
const factsOf = ({ api_calls: _calls, ...facts }: Json): string => JSON.stringify(facts);

/** Make the call that was previewed, if it still does what was shown. The server asks by its own rules, as of any call. */
async function approve(): Promise<void> {
  const { given, tool, answer: seen } = state;
  if (!given || !tool) return;
  const { preview: _preview, ...call } = given;
  update({ busyWith: "Checking that nothing has changed since…", refusal: undefined, said: "" });
  const now = await bridge.answerOf(tool, { ...call, preview: true });
  if (!now.answer) return update({ refusal: now.refusal, busyWith: "" });
  if (factsOf(now.answer) !== factsOf(seen)) {
    return update({ answer: now.answer, said: "This is no longer what was shown. Nothing was changed. Look at it again.", busyWith: "" });
  }
  update({ busyWith: "Waiting for the server. If a person has to approve this, the host asks now…" });
  const { answer, refusal } = await bridge.answerOf(tool, call);
  if (!answer) return update({ refusal, busyWith: "" });
  bridge.tell(`In the view, the user approved ${tool}. It was done: ${JSON.stringify(answer)}`);
  update({ answer, stage: "done", busyWith: "" });
}

function decline(): void {
  bridge.tell(`In the view, the user declined ${state.tool}. Nothing was changed. Ask the user what they want.`);
  update({ stage: "declined", refusal: undefined, said: "" });
}

async function undo(): Promise<void> {
  const changeId = String(state.answer.change_id);
  update({ busyWith: "Waiting for the server. If a person has to approve this, the host asks now…", refusal: undefined });
  const { answer, refusal } = await bridge.answerOf(UNDO, { change_id: changeId });
  if (!answer) return update({ refusal, busyWith: "" });
  bridge.tell(`In the view, the user undid the change ${changeId}.`);
  update({ answer, title: "Undo", said: "", busyWith: "" });
}

const HEADS = { waiting: "A change", planned: "To approve", done: "Done", declined: "Declined" };

function Approval() {
  const { stage, title, answer, refusal, said, busyWith, given, tool, locale } = state;
  const head = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (stage === "waiting") return;
    if (!isFirst.current) head.current?.focus(); // the button that was pressed is gone
    isFirst.current = false;
  }, [stage, title]);
  const isBusy = Boolean(busyWith);
  const isNothing = stage === "planned" && (answer.preview as unknown[]).length === 0;
  return (
    <>
      <header class="bar">
        <h1 ref={head} tabIndex={-1}>
          {[HEADS[stage], stage !== "waiting" && title].filter(Boolean).join(": ")}
        </h1>
      </header>
      <div role="status" class={isBusy || said ? "note" : "quiet"}>
        {busyWith || said || HEADS[stage]}
      </div>
      {refusal && <Refused refusal={refusal} />}
      {stage === "declined" && <p>Nothing was changed.</p>}
      {stage === "planned" && <Plan answer={answer} locale={locale} />}
      {stage === "done" && <Outcome answer={answer} locale={locale} />}
      <div class="bar">
        {stage === "planned" && given && tool && !isNothing && (
          <button type="button" class="do" disabled={isBusy} onClick={() => void approve()}>
            {refusal && MAY_ASK_AGAIN.has(refusal.code) ? "Ask again" : "Approve"}
          </button>
        )}
        {stage === "planned" && !isNothing && (
          <button type="button" disabled={isBusy} onClick={decline}>
            Decline
          </button>
        )}
        {stage === "declined" && (
          <button type="button" onClick={() => update({ stage: "planned" })}>
            Show it again
          </button>
        )}
        {stage === "done" && Boolean(answer.change_id) && (
          <button type="button" disabled={isBusy} onClick={() => void undo()}>
            Undo
          </button>
        )}
      </div>
      {stage === "planned" && !given && <p class="note">This host does not say what was asked for. Tell the assistant whether to do it.</p>}
    </>
  );
}

update({});
bridge.connect("approval").then(
  () => reportSize(bridge),
  (error: Error) => update({ refusal: failure(error.message), busyWith: "" }),
);
