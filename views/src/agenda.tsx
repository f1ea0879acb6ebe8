/** The agenda: days, a work week or a month of people and rooms side by side, as the server computed them. */
import { render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Bridge, contentOf, textOf, type Json, type ToolResult } from "./bridge.ts";
import { byDay, entriesOf, isOn, minuteOf, monthGrid, plusDays, plusMonths, workWeek } from "./days.ts";
import type { Day, Entry } from "./days.ts";
import { Facts, invitedIn } from "./facts.tsx";
import { localeOf, longDay, reportSize, useNarrow, wear, type Locale } from "./kit.ts";
import { notesOf, Said } from "./parts.tsx";
import { rowsOf } from "./rows.ts";
import { timesOf, Timetable } from "./timetable.tsx";
import "./agenda.css";

const LIST = "salesforce_list_appointments";
const BUSY = "salesforce_get_free_busy";
/** Of a Lightning series, or of a Classic one. */
const REPEATS = "((IsRecurrence2 = true AND IsRecurrence2Exclusion = false) OR RecurrenceActivityId != null)";
const FEW_A_DAY = 5;

type Mode = "day" | "week" | "month";
interface Calendar {
  name: string;
  visibility: string;
}
interface Loaded {
  entries: Entry[];
  calendars: Calendar[];
  zone: string;
  notes: string[];
  from: Day;
  until: Day;
}
interface Now {
  day: Day;
  minute: number;
  zone: string;
  seenAt: number;
}

const bridge = new Bridge({
  input: (given) => update({ given, tool: "calendars" in given ? BUSY : LIST }),
  result: (result) => void take(result),
  context: (context) => {
    wear(context);
    update({ locale: localeOf(context.locale), tool: context.toolInfo?.tool?.name ?? state.tool });
  },
  cancelled: (reason) => update({ error: `The call was cancelled. ${reason}`, isLoading: false }),
});

let state = {
  given: {} as Json,
  tool: LIST,
  locale: localeOf(),
  loaded: undefined as Loaded | undefined,
  now: undefined as Now | undefined,
  mode: "week" as Mode,
  day: "",
  hidden: new Set<string>(),
  series: new Set<string>(),
  isLoading: true,
  error: "",
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  draw();
}

/** Take what the host passes on; where it was stripped, ask the server again with the call's arguments. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) return update({ error: textOf(result), isLoading: false });
  const answer = contentOf(result);
  const first = () => answer && entriesOf(answer)[0]?.first;
  const from = dayIn(state.given.start) || first() || (await timeNow())?.day || "";
  const until = dayIn(state.given.end) || from;
  const length = (Date.parse(until) - Date.parse(from)) / 86_400_000;
  update({ day: from, mode: length < 1 ? "day" : length < 8 ? "week" : "month" });
  if (answer?.columns && !answer.next_cursor && state.given.start && state.given.end) keep([answer], from, until);
  else await load(from, until);
  await timeNow();
}

const dayIn = (text: unknown): Day => /^\d{4}-\d\d-\d\d/.exec(String(text ?? ""))?.[0] ?? "";

async function load(from: Day, until: Day): Promise<void> {
  update({ isLoading: true, error: "" });
  const { cursor: _cursor, ...given } = state.given;
  const call: Json = { ...given, start: from, end: until, ...(state.tool === LIST ? { limit: 2000 } : {}) };
  try {
    keep(await bridge.pages(state.tool, call), from, until);
  } catch (error) {
    update({ error: (error as Error).message, isLoading: false });
  }
}

function keep(answers: Json[], from: Day, until: Day): void {
  const entries = answers.flatMap(entriesOf);
  const last = answers.at(-1) ?? {};
  const named = (last.calendars as Calendar[] | undefined) ?? [];
  const owners = [...new Set(entries.map(({ whose }) => whose))].filter(Boolean).sort();
  const notes = notesOf(last);
  if (last.next_cursor || last.left_out) notes.push("There are more appointments than are shown. Choose fewer days.");
  const calendars = named.length ? named : owners.map((name) => ({ name, visibility: "full" }));
  const zone = String(last.time_zone ?? "");
  update({ loaded: { entries, calendars, zone, notes, from, until }, isLoading: false, error: "" });
  if (entries.some(({ id }) => id)) void markSeries(from, until);
}

/** Mark the appointments that repeat, which the list does not tell; where the org may not be queried, none is marked. */
async function markSeries(from: Day, until: Day): Promise<void> {
  // The days of an appointment are those of its own calendar's zone.
  const window = `ActivityDate >= ${plusDays(from, -1)} AND ActivityDate <= ${plusDays(until, 1)}`;
  const call = { soql: `SELECT Id FROM Event WHERE ${REPEATS} AND ${window}`, limit: 2000 };
  const answers = await bridge.pages("salesforce_query", call).catch(() => []);
  const found = answers.flatMap(rowsOf).map((of) => of("Id"));
  if (found.length) update({ series: new Set([...state.series, ...found]) });
}

/** Ask the server what time it is where the user is. */
async function timeNow(): Promise<Now | undefined> {
  if (state.now) return state.now;
  try {
    const answer = contentOf(await bridge.call("salesforce_whoami", {})) as
      | { now?: { local?: string }; time_zone?: string }
      | undefined;
    const local = answer?.now?.local ?? "";
    const minute = minuteOf(local);
    if (minute === undefined) return undefined;
    update({ now: { day: dayIn(local), minute, zone: answer?.time_zone ?? "", seenAt: performance.now() } });
  } catch {
    // without it there is no line
  }
  return state.now;
}

function daysOf(mode: Mode, day: Day, locale: Locale, entries: Entry[]): Day[] {
  if (mode === "day") return [day];
  if (mode === "month") return monthGrid(day, locale.firstWeekday).flat();
  return workWeek(day, locale.firstWeekday, (each) => entries.some((entry) => isOn(entry, each)));
}

function show(mode: Mode, day: Day): void {
  update({ mode, day });
  const days = daysOf(mode, day, state.locale, []);
  const [from, until] = [days[0] ?? day, days.at(-1) ?? day];
  if (!state.loaded || from < state.loaded.from || until > state.loaded.until) void load(from, until);
}

function move(by: number): void {
  const { mode, day } = state;
  show(mode, mode === "month" ? plusMonths(day, by) : plusDays(day, mode === "week" ? by * 7 : by));
}

/** Return where the line of now stands, if the agenda is in the zone that the server named. */
function nowIn(loaded: Loaded): { day: Day; minute: number } | undefined {
  const { now } = state;
  if (!now || now.zone !== loaded.zone) return undefined;
  const minute = now.minute + Math.floor((performance.now() - now.seenAt) / 60_000);
  return minute < 1440 ? { day: now.day, minute } : undefined;
}

function Agenda() {
  const { loaded, mode, day, locale, hidden, isLoading, error, now } = state;
  const [open, setOpen] = useState<Entry>();
  const opener = useRef<HTMLElement>(null);
  const isNarrow = useNarrow();
  const choose = (entry: Entry, element: HTMLElement) => {
    opener.current = element;
    setOpen(entry);
  };
  const close = () => {
    setOpen(undefined);
    opener.current?.focus();
  };
  const entries = (loaded?.entries ?? []).filter(({ whose }) => !hidden.has(whose));
  const people = (loaded?.calendars ?? []).filter(({ name }) => !hidden.has(name));
  const days = day ? daysOf(mode, day, locale, entries) : [];
  const drawn = { entries, people, days, locale, choose, now: loaded && nowIn(loaded), hue: hueOf };
  return (
    <>
      <header class="bar">
        <h1>{titleOf(mode, days, locale)}</h1>
        <button type="button" aria-label={`Previous ${mode}`} onClick={() => move(-1)}>
          <span class="arrow">‹</span>
        </button>
        {now && (
          <button type="button" onClick={() => show(mode, now.day)}>
            Today
          </button>
        )}
        <button type="button" aria-label={`Next ${mode}`} onClick={() => move(1)}>
          <span class="arrow">›</span>
        </button>
        {(["day", "week", "month"] as const).map((each) => (
          <button key={each} type="button" aria-pressed={mode === each} onClick={() => show(each, day)}>
            {{ day: "Day", week: "Work week", month: "Month" }[each]}
          </button>
        ))}
      </header>
      {(loaded?.calendars.length ?? 0) > 1 && <People />}
      <Said
        loading={isLoading ? "Loading the appointments…" : ""}
        said={`${entries.length} entries`}
        error={error}
        notes={loaded?.notes}
      />
      {open && <Details key={open.id || open.first + open.from} entry={open} locale={locale} close={close} />}
      {loaded && mode === "month" && !isNarrow && <Month {...drawn} month={day.slice(0, 7)} />}
      {loaded && mode !== "month" && !isNarrow && <Grid {...drawn} />}
      {loaded && isNarrow && <List {...drawn} most={mode === "month" ? FEW_A_DAY : Infinity} />}
      {loaded?.zone && (
        <p class="zone">
          Times in <bdi dir="ltr">{loaded.zone}</bdi>
        </p>
      )}
    </>
  );
}

function titleOf(mode: Mode, days: Day[], locale: Locale): string {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return "Agenda";
  if (mode === "day") return locale.day(first, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  if (mode === "month") return locale.day(plusDays(first, 10), { month: "long", year: "numeric" });
  const short = { day: "numeric", month: "short" } as const;
  return `${locale.day(first, short)} – ${locale.day(last, { ...short, year: "numeric" })}`;
}

const hueOf = (whose: string): number =>
  Math.max(0, state.loaded?.calendars.findIndex(({ name }) => name === whose) ?? 0) * 137.5 + 215;

function People() {
  const toggle = (name: string) => {
    const hidden = new Set(state.hidden);
    if (!hidden.delete(name)) hidden.add(name);
    update({ hidden });
  };
  return (
    <div class="bar" role="group" aria-label="People and rooms">
      {state.loaded?.calendars.map(({ name, visibility }) => (
        <button key={name} type="button" aria-pressed={!state.hidden.has(name)} onClick={() => toggle(name)}>
          <span class="dot" style={{ "--hue": hueOf(name) }} />
          {name}
          {SEEN[visibility] && <small> ({SEEN[visibility]})</small>}
        </button>
      ))}
    </div>
  );
}

const SEEN: Record<string, string> = { partial: "partly visible", unknown: "not visible, so not known to be free" };

interface Drawn {
  entries: Entry[];
  people: Calendar[];
  days: Day[];
  locale: Locale;
  now?: { day: Day; minute: number };
  choose(entry: Entry, element: HTMLElement): void;
  hue(whose: string): number;
}

/** A day's columns: its people side by side, or in a week one for all, whose entries then name them. */
function Grid({ entries, people, days, locale, now, choose }: Drawn) {
  const isByPerson = days.length === 1 && people.length > 1;
  const columns = days.flatMap((day) =>
    isByPerson
      ? people.map(({ name }) => ({ day, head: name, entries: entries.filter(({ whose }) => whose === name) }))
      : [{ day, head: locale.day(day, { weekday: "short", day: "numeric" }), entries }],
  );
  const withWhose = !isByPerson && people.length > 1;
  return (
    <Timetable
      columns={columns}
      locale={locale}
      now={now}
      block={(entry, time) => <Block key={entry.id + entry.first} entry={entry} time={time} withWhose={withWhose} choose={choose} />}
    />
  );
}

interface BlockProps {
  entry: Entry;
  time?: string;
  withWhose?: boolean;
  choose: Drawn["choose"];
}

function Block({ entry, time, withWhose, choose }: BlockProps) {
  return (
    <button
      type="button"
      class={entry.title ? "event" : "event private"}
      style={{ "--hue": hueOf(entry.whose) }}
      onClick={({ currentTarget }) => choose(entry, currentTarget)}
    >
      <b>{entry.title || "Busy"}</b>{" "}
      {state.series.has(entry.id) && (
        <>
          <span aria-hidden="true">↻</span>
          <span class="quiet">repeats</span>{" "}
        </>
      )}
      {time && <bdi dir="ltr">{time}</bdi>} {withWhose && <span>{entry.whose}</span>}
    </button>
  );
}

function Month({ entries, people, days, locale, now, choose, month }: Drawn & { month: string }) {
  const onDay = byDay(entries, days);
  const weeks = Array.from({ length: days.length / 7 }, (_, at) => days.slice(at * 7, at * 7 + 7));
  return (
    <table class="month">
      <thead>
        <tr>
          {weeks[0]?.map((day) => (
            <th key={day} scope="col">
              {locale.day(day, { weekday: "short" })}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]}>
            {week.map((day) => {
              const of = onDay.get(day) ?? [];
              return (
                <td key={day} class={day.startsWith(month) ? "" : "other"}>
                  <button type="button" class="date" onClick={() => show("day", day)} aria-label={longDay(day, locale)}>
                    {Number(day.slice(8))}
                    {day === now?.day && <span class="today"> Today</span>}
                  </button>
                  {of.slice(0, 3).map((entry) => (
                    <Block
                      key={entry.id + entry.first + entry.from}
                      entry={entry}
                      time={entry.from === undefined ? "" : locale.time(entry.from)}
                      withWhose={people.length > 1}
                      choose={choose}
                    />
                  ))}
                  {of.length > 3 && (
                    <button type="button" class="date" onClick={() => show("day", day)}>
                      {of.length - 3} more
                    </button>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What there is room for in a narrow host: each day's entries below each other. */
function List({ entries, people, days, locale, now, choose, most }: Drawn & { most: number }) {
  const onDay = byDay(entries, days);
  const used = days.flatMap((day) => {
    const of = onDay.get(day) ?? [];
    return of.length ? [{ day, of: of.sort((one, other) => (one.from ?? -1) - (other.from ?? -1)) }] : [];
  });
  if (!used.length) return <p class="note">There are no appointments on these days.</p>;
  return (
    <>
      {used.map(({ day, of }) => (
        <section key={day}>
          <h2>
            {longDay(day, locale)} {day === now?.day && <span class="today">Today</span>}
          </h2>
          <ul class="list">
            {of.slice(0, most).map((entry) => (
              <li key={entry.id + entry.first + entry.from + entry.whose}>
                <Block
                  entry={entry}
                  time={timesOf(entry, locale) || "All day"}
                  withWhose={people.length > 1}
                  choose={choose}
                />
              </li>
            ))}
            {of.length > most && (
              <li>
                <button type="button" class="date" onClick={() => show("day", day)}>
                  {of.length - most} more
                </button>
              </li>
            )}
          </ul>
        </section>
      ))}
    </>
  );
}

/** One entry: what the list said of it, and what the server adds: the series and who is invited. */
function Details({ entry, locale, close }: { entry: Entry; locale: Locale; close(): void }) {
  const [record, setRecord] = useState<Json>();
  const [said, setSaid] = useState(entry.id ? "Loading the details…" : "");
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => button.current?.focus(), []);
  useEffect(() => {
    if (!entry.id) return;
    bridge.call("salesforce_get_appointment", { event_id: entry.id }).then(
      (result) => {
        setRecord(result.isError ? undefined : contentOf(result));
        setSaid(result.isError ? textOf(result) : "");
      },
      (error: Error) => setSaid(error.message),
    );
  }, []);
  const rows: [string, string][] = [
    ["When", `${longDay(entry.first, locale)}, ${timesOf(entry, locale) || "all day"}`],
    ["Calendar", entry.whose],
    ...entry.more,
    ["Series", String(record?.recurrence ?? "")],
    ["Invited", record ? invitedIn(record) : ""],
  ];
  return (
    <section class="details" role="region" aria-label="Appointment" onKeyDown={({ key }) => key === "Escape" && close()}>
      <div class="bar">
        <h2>{entry.title || "Busy"}</h2>
        <button ref={button} type="button" onClick={close}>
          Close
        </button>
      </div>
      <Facts rows={rows} />
      <p role="status">{said}</p>
    </section>
  );
}

function draw(): void {
  render(<Agenda />, document.getElementById("view")!);
}

draw();
bridge.connect("agenda").then(
  () => {
    reportSize(bridge);
    setInterval(draw, 60_000);
  },
  (error: Error) => update({ error: error.message, isLoading: false }),
);
