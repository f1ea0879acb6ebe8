/** Free times: who is busy when, and the times that the server offers; a click books one through the tool. */
import { render } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Bridge, contentOf, textOf, type Json, type ToolResult } from "./bridge.ts";
import { entriesOf, isOn, minuteOf, segmentsOf, type Day, type Entry } from "./days.ts";
import { localeOf, longDay, reportSize, wear, type Locale } from "./kit.ts";
import "./free.css";

const FIND = "salesforce_find_free_times";

interface Calendar {
  Id: string;
  name: string;
  visibility: string;
}
interface Slot {
  day: Day;
  from: number;
  to: number;
  utc: string;
}

const bridge = new Bridge({
  input: (given) => update({ given }),
  result: (result) => void take(result),
  context: (context) => {
    wear(context);
    update({ locale: localeOf(context.locale) });
  },
  cancelled: (reason) => update({ error: `The call was cancelled. ${reason}`, isLoading: false }),
});

let state = {
  given: {} as Json,
  locale: localeOf(),
  slots: [] as Slot[],
  calendars: [] as Calendar[],
  zone: "",
  notes: [] as string[],
  busy: [] as Entry[],
  chosen: undefined as Slot | undefined,
  booked: "",
  error: "",
  isLoading: true,
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  render(<Free />, document.getElementById("view")!);
}

/** Take what the host passes on; where it was stripped, ask the server again with the call's arguments. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) return update({ error: textOf(result), isLoading: false });
  const answer = contentOf(result);
  if (answer?.columns) await keep(answer);
  else await find();
}

/** Ask for the offered times again; what is said of a booking stays. */
async function find(): Promise<void> {
  update({ isLoading: true });
  try {
    const result = await bridge.call(FIND, state.given);
    const answer = result.isError ? undefined : contentOf(result);
    if (answer) await keep(answer);
    else update({ error: textOf(result), isLoading: false });
  } catch (error) {
    update({ error: (error as Error).message, isLoading: false });
  }
}

async function keep(answer: Json): Promise<void> {
  const columns = answer.columns as string[];
  const slots = (answer.rows as string[][]).map((row) => {
    const of = (name: string) => row[columns.indexOf(name)] ?? "";
    const from = minuteOf(of("start")) ?? 0;
    return { day: of("start").slice(0, 10), from, to: minuteOf(of("end")) ?? from, utc: of("start.utc") };
  });
  const notes = ["reason", "warning", "note"].flatMap((key) => (answer[key] ? [String(answer[key])] : []));
  if (answer.next_opening) notes.push(`The next free time: ${String(answer.next_opening)}`);
  const calendars = (answer.calendars as Calendar[] | undefined) ?? [];
  update({ slots, calendars, notes, zone: String(answer.time_zone ?? ""), isLoading: false });
  const [first, last] = [slots[0]?.day, slots.at(-1)?.day];
  if (!first || !last) return;
  try {
    const call = { calendars: calendars.map(({ Id }) => Id), start: first, end: last, time_zone: state.zone };
    const result = await bridge.call("salesforce_get_free_busy", call);
    update({ busy: result.isError ? [] : entriesOf(contentOf(result) ?? {}) });
  } catch {
    // the times can be offered without the picture of who is busy
  }
}

/** Book a time in the calendar of the first person, and invite the others; a refusal is shown, with times asked anew. */
async function book(slot: Slot, subject: string): Promise<void> {
  const owner = state.calendars.find((calendar) => !isRoom(calendar));
  const others = state.calendars.filter((calendar) => calendar !== owner);
  const data = {
    Subject: subject,
    StartDateTime: slot.utc,
    DurationInMinutes: Number(state.given.duration_minutes),
    ...(owner ? { OwnerId: owner.Id } : {}),
  };
  update({ isLoading: true, error: "", booked: "" });
  try {
    const given = { data, ...(others.length ? { invitees: others.map(({ Id }) => Id) } : {}) };
    const result = await bridge.call("salesforce_create_appointment", given);
    const made = contentOf(result) as { Id?: string; warning?: string } | undefined;
    if (result.isError || !made?.Id) update({ error: textOf(result), chosen: undefined });
    else {
      const booked = `Booked: ${subject}, ${wordsOf(slot, state.locale)}`;
      update({ booked: [booked, made.warning].filter(Boolean).join(". "), chosen: undefined });
      bridge.tell(`${booked} (${made.Id})`);
    }
    await find();
  } catch (error) {
    update({ error: (error as Error).message, isLoading: false });
  }
}

const isRoom = ({ Id }: Calendar) => Id.startsWith("023");

const wordsOf = ({ day, from, to }: Slot, locale: Locale) =>
  `${longDay(day, locale)}, ${locale.time(from)} – ${locale.time(to)}`;

function Free() {
  const { slots, calendars, zone, notes, busy, chosen, booked, error, isLoading, locale } = state;
  const days = [...new Set(slots.map(({ day }) => day))];
  return (
    <>
      <header class="bar">
        <h1>Free times</h1>
        <span>{calendars.map(({ name }) => name).join(", ")}</span>
      </header>
      <div role="status" class={isLoading || booked ? "note" : "quiet"}>
        {isLoading ? "Asking the server…" : booked || `${slots.length} free times`}
      </div>
      {error && (
        <p role="alert" class="note error">
          {error}
        </p>
      )}
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {chosen && <Booking key={chosen.utc} slot={chosen} />}
      {days.map((day) => (
        <section key={day}>
          <h2>{longDay(day, locale)}</h2>
          <Busy day={day} busy={busy} slots={slots.filter((slot) => slot.day === day)} />
          <ul class="slots">
            {slots
              .filter((slot) => slot.day === day)
              .map((slot) => (
                <li key={slot.utc}>
                  <button
                    type="button"
                    disabled={isLoading}
                    aria-pressed={chosen?.utc === slot.utc}
                    aria-label={`Choose ${wordsOf(slot, locale)}`}
                    onClick={() => update({ chosen: slot, booked: "", error: "" })}
                  >
                    <bdi dir="ltr">
                      {locale.time(slot.from)} – {locale.time(slot.to)}
                    </bdi>
                  </button>
                </li>
              ))}
          </ul>
        </section>
      ))}
      {zone && (
        <p class="zone">
          Times in <bdi dir="ltr">{zone}</bdi>
        </p>
      )}
    </>
  );
}

/** A day as one line for each calendar: its busy times, and the offered ones across all. */
function Busy({ day, busy, slots }: { day: Day; busy: Entry[]; slots: Slot[] }) {
  const of = state.calendars.map(({ name }) => busy.filter((entry) => entry.whose === name && isOn(entry, day)));
  const drawn = of.map((entries) => [
    ...segmentsOf(entries, day),
    ...entries.filter(({ from }) => from === undefined).map(() => ({ from: 0, to: 1440 })),
  ]);
  const ends = slots.map(({ from, to }) => (to > from ? to : 1440));
  const first = Math.min(480, ...slots.map(({ from }) => from));
  const last = Math.max(1080, ...ends);
  const share = (minutes: number) => `${(Math.max(0, Math.min(minutes, last - first)) / (last - first)) * 100}%`;
  const place = (from: number, to: number) => ({
    insetInlineStart: share(from - first),
    insetInlineEnd: `calc(100% - ${share(to - first)})`,
  });
  return (
    <div class="people">
      {state.calendars.map(({ Id, name, visibility }, at) => (
        <div key={Id} class="person">
          <span>
            {name}
            {visibility !== "full" && " (not fully visible)"}
            <span class="quiet">
              {drawn[at]?.length
                ? ` is busy: ${drawn[at].map(({ from, to }) => `${state.locale.time(from)} – ${state.locale.time(to)}`).join(", ")}`
                : " has no busy time that is visible"}
            </span>
          </span>
          <div class="line" aria-hidden="true">
            {slots.map(({ utc, from }, index) => (
              <i key={utc} class="open" style={place(from, ends[index] ?? from)} />
            ))}
            {drawn[at]?.map(({ from, to }) => (
              <i key={from} class="taken" style={place(from, to)} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

/** The last step of a booking. It is no form: a host's sandbox may forbid to submit one. */
function Booking({ slot }: { slot: Slot }) {
  const [subject, setSubject] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  const isReady = Boolean(subject.trim()) && !state.isLoading;
  const send = () => isReady && void book(slot, subject.trim());
  return (
    <div
      class="booking"
      role="group"
      aria-label="Book an appointment"
      onKeyDown={({ key }) => key === "Escape" && update({ chosen: undefined })}
    >
      <p>{wordsOf(slot, state.locale)}</p>
      <label>
        Subject{" "}
        <input
          ref={input}
          maxLength={255}
          value={subject}
          onKeyDown={({ key, isComposing }) => key === "Enter" && !isComposing && send()}
          onInput={({ currentTarget }) => setSubject(currentTarget.value)}
        />
      </label>
      <div class="bar">
        <button type="button" disabled={!isReady} onClick={send}>
          Book
        </button>
        <button type="button" onClick={() => update({ chosen: undefined })}>
          Do not book
        </button>
      </div>
    </div>
  );
}

update({});
bridge.connect("free").then(
  () => reportSize(bridge),
  (error: Error) => update({ error: error.message, isLoading: false }),
);
