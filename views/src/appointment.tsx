/** One appointment: its details and invitees; moved and closed through the tools, which are asked what would happen first. */
import { render } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Bridge, contentOf, refusalOf, type Json, type Refusal, type ToolResult } from "./bridge.ts";
import { clockOf, DAY_MINUTES, entriesOf, minuteOf, plusDays, workWeek, type Day, type Entry } from "./days.ts";
import { Facts, type Fact } from "./facts.tsx";
import { localeOf, longDay, reportSize, useNarrow, wear } from "./kit.ts";
import { Plan, Refused } from "./plan.tsx";
import { rowsOf } from "./rows.ts";
import { timesOf, Timetable, type Column } from "./timetable.tsx";
import "./appointment.css";

const GET = "salesforce_get_appointment";
const STEP = 15;

/** When the appointment would be; without a minute it takes whole days. */
interface Wish {
  day: Day;
  from?: number;
  length: number;
}
/** A call that was tried with `preview`: what it would do, or why the server refuses it. */
interface Asked {
  does: string;
  tool: string;
  given: Json;
  plan?: Json;
  refusal?: Refusal;
  overlap?: string;
}

const bridge = new Bridge({
  input: (given) => update({ given }),
  result: (result) => void take(result),
  context: (context) => {
    wear(context);
    update({ locale: localeOf(context.locale) });
  },
  cancelled: (reason) => update({ refusal: { code: "", message: `The call was cancelled. ${reason}`, hint: "" }, busyWith: "" }),
});

let state = {
  given: {} as Json,
  locale: localeOf(),
  record: undefined as Json | undefined,
  wish: undefined as Wish | undefined,
  scope: "this",
  day: "",
  taken: [] as Entry[],
  takenOn: [] as Day[],
  asked: undefined as Asked | undefined,
  done: undefined as { text: string; changeId: string } | undefined,
  refusal: undefined as Refusal | undefined,
  mayChange: true,
  busyWith: "Loading the appointment…",
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  render(<Appointment />, document.getElementById("view")!);
}

/** Take what the host passes on; where it was stripped, or has only some fields, ask the server for the whole. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) return update({ refusal: refusalOf(result), busyWith: "" });
  const answer = contentOf(result);
  if (answer?.start) keep(answer);
  else await load(String(answer?.Id ?? state.given.event_id ?? ""));
  const { answer: user } = await bridge.answerOf("salesforce_whoami", {});
  update({ mayChange: !(user?.allowed as { read_only?: boolean } | undefined)?.read_only });
}

async function load(id: string): Promise<void> {
  const { answer, refusal } = await bridge.answerOf(GET, { event_id: id });
  if (answer) keep(answer);
  else update({ refusal, busyWith: "" });
}

function keep(record: Json): void {
  const wish = wishOf(record);
  update({ record, wish, busyWith: "", refusal: undefined, day: wish?.day ?? "", takenOn: [] });
  void look();
}

const localOf = (record: Json, end: "start" | "end"): string => String((record[end] as { local?: string } | undefined)?.local ?? "");

function wishOf(record: Json): Wish | undefined {
  const [start, end] = [localOf(record, "start"), localOf(record, "end")];
  if (!start) return undefined;
  const from = minuteOf(start);
  const length = from === undefined ? 0 : (Date.parse(end) - Date.parse(start)) / 60_000;
  return { day: start.slice(0, 10), from, length };
}

const isSame = (one?: Wish, other?: Wish) => one?.day === other?.day && one?.from === other?.from && one?.length === other?.length;

function daysOf(day: Day): Day[] {
  return workWeek(day, state.locale.firstWeekday, (each) => each === day || each === state.wish?.day);
}

const inviteesOf = (record: Json) => rowsOf((record.invitees ?? {}) as Json);

/** Read what else is in the calendars of those who take part, in the week that is shown. */
async function look(): Promise<void> {
  const { record, day } = state;
  if (!record || !day) return;
  const days = daysOf(day);
  if (days.every((each) => state.takenOn.includes(each))) return;
  update({ takenOn: days });
  const ids = [String(record.OwnerId ?? "me"), ...inviteesOf(record).map((of) => of("Id"))];
  const calendars = [...new Set(ids)].filter((id) => /^(005|023|me$)/.test(id));
  const given = { calendars, start: days[0], end: days.at(-1), time_zone: record.time_zone };
  const { answer } = await bridge.answerOf("salesforce_get_free_busy", given);
  const own = wishOf(record);
  const isCopy = (entry: Entry) => entry.title === record.Subject && entry.first === own?.day && entry.from === own?.from;
  // Without the picture of who is busy, it can be moved all the same: the server checks.
  if (state.record === record) update({ taken: entriesOf(answer ?? {}).filter((entry) => entry.id !== record.Id && !isCopy(entry)) });
}

function wished(change: Partial<Wish>): void {
  const { wish } = state;
  if (!wish || !state.mayChange) return;
  const next = { ...wish, ...change };
  if (!/^\d{4}-\d\d-\d\d$/.test(next.day)) return;
  if (next.from !== undefined) next.from = Math.max(0, Math.min(DAY_MINUTES - STEP, next.from));
  update({ wish: next, day: next.day, asked: undefined, done: undefined, refusal: undefined });
  void look();
}

/** Ask the server what a call would do: nothing is changed. */
async function ask(does: string, tool: string, given: Json, overlap = ""): Promise<void> {
  update({ busyWith: "Asking the server…", asked: undefined, done: undefined, refusal: undefined });
  const { answer: plan, refusal } = await bridge.answerOf(tool, { ...given, preview: true });
  update({ asked: { does, tool, given, overlap, ...(plan ? { plan } : { refusal }) }, busyWith: "" });
}

function askToMove(overlap = ""): void {
  const { record, wish, scope } = state;
  if (!record || !wish || state.busyWith || isSame(wish, wishOf(record))) return;
  const data: Json =
    wish.from === undefined
      ? { StartDateTime: wish.day }
      : { StartDateTime: `${wish.day}T${clockOf(wish.from)}:00`, time_zone: record.time_zone };
  if (wish.length !== wishOf(record)?.length) data.DurationInMinutes = wish.length;
  const more: Json = { ...(scope === "this" ? {} : { scope }), ...(overlap ? { allow_conflict: true } : {}) };
  if (record.LastModifiedDate) more.last_modified = record.LastModifiedDate;
  void ask("Move", "salesforce_update_appointment", { event_id: record.Id, data, ...more }, overlap);
}

/** Make the call that a person has seen the preview of; the server asks by its own rules, as of every call. */
async function send({ does, tool, given }: Asked): Promise<void> {
  update({ busyWith: "Waiting for the server. If a person has to approve this, the host asks now…" });
  const { answer, refusal } = await bridge.answerOf(tool, given);
  if (!answer) return update({ asked: { does, tool, given, refusal }, busyWith: "" });
  const warning = [answer.warning, answer.note].filter(Boolean).join(" ");
  const text = `Done: ${does.toLowerCase()}. ${warning}`.trim();
  bridge.tell(`In the view, the user chose: ${does}. ${tool} was called with ${JSON.stringify(given)}.`);
  update({ asked: undefined, done: { text, changeId: String(answer.change_id ?? "") } });
  await load(String(answer.Id ?? given.event_id));
}

async function undo(changeId: string): Promise<void> {
  update({ busyWith: "Waiting for the server…", done: undefined });
  const { answer, refusal } = await bridge.answerOf("salesforce_undo", { change_id: changeId });
  if (!answer) return update({ refusal, busyWith: "" });
  bridge.tell(`In the view, the user undid the change ${changeId}.`);
  update({ done: { text: answer.kept || answer.failed ? "Undone in part." : "Undone.", changeId: "" } });
  await load(String(state.record?.Id));
}

/** Return the times that a refusal names as free: `Tuesday 2026-11-24 09:45`. */
function offersIn({ code, hint }: Refusal): Wish[] {
  if (code !== "APPOINTMENT_CONFLICT" || !state.wish) return [];
  const { length } = state.wish;
  return [...hint.matchAll(/(\d{4}-\d\d-\d\d) (\d\d:\d\d)/g)].map(([, day = "", time]) => ({ day, from: minuteOf(`T${time}`), length }));
}

function entryOf(record: Json, { day, from, length }: Wish): Entry {
  const entry = { id: String(record.Id), title: String(record.Subject ?? "Appointment"), whose: "", first: day, more: [] };
  if (from === undefined) return { ...entry, last: isSame(state.wish, wishOf(record)) ? localOf(record, "end").slice(0, 10) || day : day };
  const end = from + length;
  return { ...entry, last: plusDays(day, Math.floor(end / DAY_MINUTES)), from, to: end % DAY_MINUTES };
}

function words(wish: Wish): string {
  const { record, locale } = state;
  return `${longDay(wish.day, locale)}, ${timesOf(entryOf(record ?? {}, wish), locale) || "all day"}`;
}

function Appointment() {
  const { record, wish, asked, done, refusal, busyWith, mayChange } = state;
  const moved = Boolean(record && wish && !isSame(wish, wishOf(record)));
  return (
    <>
      <header class="bar">
        <h1>{record ? String(record.Subject ?? "Appointment") : "Appointment"}</h1>
      </header>
      <div role="status" class={busyWith || done ? "note" : "quiet"}>
        {busyWith || done?.text || (moved && wish ? `New time: ${words(wish)}. It is not saved yet.` : "")}
        {!busyWith && done?.changeId && (
          <button type="button" onClick={() => void undo(done.changeId)}>
            Undo
          </button>
        )}
      </div>
      {refusal && (
        <Refused refusal={refusal}>
          {record && (
            <button type="button" onClick={() => void load(String(record.Id))}>
              Load it again
            </button>
          )}
        </Refused>
      )}
      {asked && <Question asked={asked} />}
      {record && <Details record={record} />}
      {record && wish && <Week record={record} wish={wish} moved={moved} />}
      {record && wish && mayChange && <NewTime record={record} wish={wish} moved={moved} />}
      {record && mayChange && <Closing key={String(record.LastModifiedDate)} record={record} />}
      {Boolean(record?.time_zone) && (
        <p class="zone">
          Times in <bdi dir="ltr">{String(record?.time_zone)}</bdi>
        </p>
      )}
    </>
  );
}

function Details({ record }: { record: Json }) {
  const invited = inviteesOf(record).map((of) => (
    <li key={of("Id")}>
      {of("Name") || of("Id")}: {ANSWERS[of("Status")] ?? of("Status")}
    </li>
  ));
  const now = wishOf(record);
  const text = (name: string) => String(record[name] ?? "");
  const rows: Fact[] = [
    ["When", now && words(now)],
    ["Calendar", text("Owner.Name")],
    ["Where", text("Location")],
    ["With", text("Who.Name")],
    ["About", text("What.Name")],
    ["Series", text("recurrence")],
    ["Invited", invited.length > 0 && <ul class="plain">{invited}</ul>],
    ["Text", text("Description")],
  ];
  return (
    <>
      <Facts rows={rows} />
      {["warning", "note"].filter((name) => record[name]).map((name) => (
        <p key={name} class="note">
          {text(name)}
        </p>
      ))}
    </>
  );
}

const ANSWERS: Record<string, string> = { New: "no answer yet", Accepted: "accepted", Declined: "declined" };

/** What the server says to a proposal, and the choice of the person. */
function Question({ asked }: { asked: Asked }) {
  const { does, plan, refusal, overlap } = asked;
  const top = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => top.current?.focus(), [asked]);
  const keepAsItIs = () => update({ asked: undefined, ...(state.record ? { wish: wishOf(state.record) } : {}) });
  const offers = refusal ? offersIn(refusal) : [];
  const isConflict = refusal?.code === "APPOINTMENT_CONFLICT";
  return (
    <div ref={top} class="ask" tabIndex={-1} role="group" aria-label={`${does}?`} onKeyDown={({ key }) => key === "Escape" && keepAsItIs()}>
      {refusal && <Refused refusal={isConflict ? { ...refusal, hint: "" } : refusal} />}
      {overlap && <p class="note error">{overlap}</p>}
      {plan && <Plan answer={plan} locale={state.locale} />}
      <div class="bar">
        {plan && (
          <button type="button" class="do" disabled={Boolean(state.busyWith)} onClick={() => void send(asked)}>
            {does}
          </button>
        )}
        {offers.map((offer) => (
          <button
            key={words(offer)}
            type="button"
            onClick={() => {
              wished(offer);
              askToMove();
            }}
          >
            Free: {words(offer)}
          </button>
        ))}
        {isConflict && (
          <button type="button" onClick={() => askToMove(refusal.message)}>
            Look at it with the overlap
          </button>
        )}
        {refusal?.code.startsWith("APPROVAL_") && refusal.code !== "APPROVAL_DECLINED" && (
          <button type="button" onClick={() => void send(asked)}>
            Try again
          </button>
        )}
        <button type="button" onClick={keepAsItIs}>
          Leave it as it is
        </button>
      </div>
    </div>
  );
}

/** The week of the appointment, in which it can be dragged, or moved with the arrow keys. */
function Week({ record, wish, moved }: { record: Json; wish: Wish; moved: boolean }) {
  const { locale, day, taken, mayChange } = state;
  const isNarrow = useNarrow();
  const grabbed = useRef(0);
  const [isDragged, setDragged] = useState(false);
  const days = isNarrow ? [day] : daysOf(day);
  const own = entryOf(record, wish);
  const columns: Column[] = days.map((each) => ({
    day: each,
    head: locale.day(each, { weekday: "short", day: "numeric", month: "short" }),
    entries: [...taken, own],
  }));
  const show = (by: number) => {
    update({ day: plusDays(day, isNarrow ? by : by * 7) });
    void look();
  };
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const found = [...event.currentTarget.querySelectorAll<HTMLElement>(".column")].find((column) => {
      const { left, right } = column.getBoundingClientRect();
      return left <= event.clientX && event.clientX < right;
    });
    if (!found) return;
    const { top, height } = found.getBoundingClientRect();
    const [first, last] = [Number(found.dataset.first), Number(found.dataset.last)];
    const minute = first + ((event.clientY - top) / height) * (last - first);
    if (event.type === "pointerdown") grabbed.current = minute - (wish.from ?? minute);
    else {
      const from = Math.round((minute - grabbed.current) / STEP) * STEP;
      if (from !== wish.from || found.dataset.day !== wish.day) wished({ day: found.dataset.day ?? wish.day, from });
    }
  };
  return (
    <section
      class={isDragged ? "dragged" : ""}
      onPointerDown={(event) => {
        if (!mayChange || wish.from === undefined || !(event.target as HTMLElement).closest(".mine") || event.button) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragged(true);
        drag(event);
      }}
      onPointerMove={(event) => isDragged && drag(event)}
      onPointerUp={() => {
        if (isDragged) askToMove();
        setDragged(false);
      }}
      onPointerCancel={() => {
        setDragged(false);
        update({ wish: wishOf(record) });
      }}
    >
      <div class="bar week">
        <h2>{longDay(days[0] ?? day, locale)}{days.length > 1 && ` – ${longDay(days.at(-1) ?? day, locale)}`}</h2>
        <button type="button" aria-label={isNarrow ? "Previous day" : "Previous week"} onClick={() => show(-1)}>
          <span class="arrow">‹</span>
        </button>
        <button type="button" aria-label={isNarrow ? "Next day" : "Next week"} onClick={() => show(1)}>
          <span class="arrow">›</span>
        </button>
      </div>
      <Timetable
        columns={columns}
        locale={locale}
        block={(entry, time) =>
          entry === own ? (
            <Mine key="own" entry={entry} time={time} moved={moved} canMove={mayChange && wish.from !== undefined} />
          ) : (
            <div key={entry.id + entry.first + entry.from + entry.whose} class={entry.title ? "event other" : "event other private"}>
              <b>{entry.title || "Busy"}</b> {time && <bdi dir="ltr">{time}</bdi>} {entry.whose}
            </div>
          )
        }
      />
    </section>
  );
}

/** The appointment itself: a button that arrow keys move, and Enter proposes. */
function Mine({ entry, time = "", moved, canMove }: { entry: Entry; time?: string; moved: boolean; canMove: boolean }) {
  const press = (event: KeyboardEvent) => {
    const { wish } = state;
    const side = document.documentElement.dir === "rtl" ? -1 : 1;
    const steps: Record<string, Partial<Wish>> = wish
      ? {
          ArrowUp: { from: (wish.from ?? 0) - STEP },
          ArrowDown: { from: (wish.from ?? 0) + STEP },
          ArrowLeft: { day: plusDays(wish.day, -side) },
          ArrowRight: { day: plusDays(wish.day, side) },
          Escape: state.record ? wishOf(state.record) ?? {} : {},
        }
      : {};
    const step = steps[event.key];
    if (!step || !canMove) return;
    event.preventDefault();
    event.stopPropagation();
    wished(step);
    document.querySelector<HTMLElement>(".mine")?.focus();
  };
  const how = canMove ? ". The arrow keys move it, Enter asks the server about the new time." : "";
  return (
    <button
      type="button"
      class={moved ? "event mine moved" : "event mine"}
      aria-label={`${entry.title}, ${longDay(entry.first, state.locale)}, ${time || "all day"}${how}`}
      onKeyDown={press}
      onClick={({ detail }) => detail === 0 && askToMove()}
    >
      <b>{entry.title}</b> {time && <bdi dir="ltr">{time}</bdi>}
    </button>
  );
}

/** The new time as a form, for fingers and for people who know it. It is no form element: a sandbox may forbid those. */
function NewTime({ record, wish, moved }: { record: Json; wish: Wish; moved: boolean }) {
  return (
    <div class="bar fields" role="group" aria-label="Move the appointment">
      <label>
        Day{" "}
        <input type="date" value={wish.day} onChange={({ currentTarget }) => wished({ day: currentTarget.value })} />
      </label>
      {wish.from !== undefined && (
        <>
          <label>
            Start{" "}
            <input type="time" value={clockOf(wish.from)} onChange={({ currentTarget }) => wished({ from: minuteOf(`T${currentTarget.value}`) ?? wish.from })} />
          </label>
          <label>
            Minutes{" "}
            <input
              type="number"
              min={1}
              value={wish.length}
              onChange={({ currentTarget }) => Number(currentTarget.value) > 0 && wished({ length: Math.round(Number(currentTarget.value)) })}
            />
          </label>
        </>
      )}
      {Boolean(record.recurrence) && (
        <label>
          Of the series{" "}
          <select value={state.scope} onChange={({ currentTarget }) => update({ scope: currentTarget.value, asked: undefined })}>
            <option value="this">only this one</option>
            <option value="following">this and all later ones</option>
            <option value="all">all</option>
          </select>
        </label>
      )}
      <button type="button" disabled={!moved || Boolean(state.busyWith)} onClick={() => askToMove()}>
        Check this time
      </button>
    </div>
  );
}

/** How it ended, or that it does not take place, and why. */
function Closing({ record }: { record: Json }) {
  const [outcome, setOutcome] = useState("completed");
  const [reason, setReason] = useState("");
  const does = OUTCOMES[outcome] ?? outcome;
  const close = () => {
    const given = { event_id: record.Id, outcome, ...(reason.trim() ? { reason: reason.trim() } : {}) };
    void ask(does, "salesforce_close_appointment", given);
  };
  return (
    <div class="bar fields" role="group" aria-label="Close the appointment">
      <label>
        Close it:{" "}
        <select value={outcome} onChange={({ currentTarget }) => setOutcome(currentTarget.value)}>
          <option value="completed">It took place</option>
          <option value="cancelled">It is cancelled</option>
          <option value="no_show">Nobody came</option>
        </select>
      </label>
      <label>
        Reason <input maxLength={4000} value={reason} onInput={({ currentTarget }) => setReason(currentTarget.value)} />
      </label>
      <button type="button" disabled={Boolean(state.busyWith)} onClick={close}>
        Show what this changes
      </button>
    </div>
  );
}

const OUTCOMES: Record<string, string> = { completed: "Mark it as completed", cancelled: "Cancel the appointment", no_show: "Mark it as a no-show" };

update({});
bridge.connect("appointment").then(
  () => reportSize(bridge),
  (error: Error) => update({ refusal: { code: "", message: error.message, hint: "" }, busyWith: "" }),
);
