/** A person: a contact's fields in groups, and the timeline of what was said, sent and agreed. */
import { render } from "preact";
import { Bridge, contentOf, textOf as wordsOf, type Json, type ToolResult } from "./bridge.ts";
import { groupsOf, nameOf, textOf } from "./contact.ts";
import { Facts } from "./facts.tsx";
import { localeOf, reportSize, wear, type Locale } from "./kit.ts";
import { recordAddress } from "./links.ts";
import { notesOf, Said } from "./parts.tsx";
import { rowsOf } from "./rows.ts";
import "./people.css";

const GET = "salesforce_get_contact";
const ACTIVITIES = "salesforce_list_activities";
const APPOINTMENTS = "salesforce_list_appointments";
const CONTACT = "003";
const A_PAGE = 25;
const NO_TIMELINE = "The timeline needs the toolset `activities`, which is off.";
const KINDS: Record<string, string> = { appointment: "Appointment", call: "Call", email: "E-mail", note: "Note", task: "Task" };

interface Item {
  id: string;
  kind: string;
  when: string;
  subject: string;
  more: string[];
}
interface Whoami {
  org?: { instance_url?: string };
  now?: { utc: string; local: string };
  allowed?: { toolsets?: string[] };
}
interface Timeline {
  tool: string;
  call: Json;
  items: Item[];
  cursor: string;
  zone: string;
  notes: string[];
}

const bridge = new Bridge({
  input: (given) => update({ given }),
  result: (result) => void take(result),
  context: (context) => {
    wear(context);
    update({ locale: localeOf(context.locale) });
  },
  cancelled: (reason) => update({ error: `The call was cancelled. ${reason}`, loading: "" }),
});

let state = {
  given: {} as Json,
  locale: localeOf(),
  contact: undefined as Json | undefined,
  timeline: undefined as Timeline | undefined,
  whoami: {} as Whoami,
  note: "",
  loading: "Loading…",
  error: "",
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  render(<Person />, document.getElementById("view")!);
}

const failed = (error: unknown) => update({ error: (error as Error).message, loading: "" });

/** Take what the host passes on; where it was stripped, ask the server again with the call's arguments. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) return update({ error: wordsOf(result), loading: "" });
  const { given } = state;
  const isTimeline = "record_id" in given;
  try {
    let answer = contentOf(result);
    if (!(isTimeline ? answer?.columns : answer?.Id)) answer = await bridge.answer(isTimeline ? ACTIVITIES : GET, given);
    if (isTimeline) keep(ACTIVITIES, given, answer!);
    else update({ contact: answer });
    update({ loading: "Loading the rest…" });
    // Both add to what the call asked for; without them the view shows that.
    await bridge.answer("salesforce_whoami", {}).then((whoami) => update({ whoami }), () => {});
    const id = String(given.record_id ?? "");
    if (!isTimeline) await readTimeline(String(answer!.Id));
    else if (id.startsWith(CONTACT)) await bridge.answer(GET, { contact_id: id }).then((contact) => update({ contact }), () => {});
    update({ loading: "" });
  } catch (error) {
    failed(error);
  }
}

/** Read a contact's timeline; where the server has none, the contact's appointments. */
async function readTimeline(id: string): Promise<void> {
  const toolsets = state.whoami.allowed?.toolsets;
  if (toolsets?.includes("activities") ?? true) {
    const call = { record_id: id, limit: A_PAGE };
    try {
      return keep(ACTIVITIES, call, await bridge.answer(ACTIVITIES, call));
    } catch (error) {
      if (toolsets || !/unknown tool/i.test((error as Error).message)) throw error;
    }
  }
  if (!toolsets?.includes("appointments")) return update({ note: NO_TIMELINE });
  update({ note: `${NO_TIMELINE} These are the appointments.` });
  const call = { contact_id: id, limit: A_PAGE };
  keep(APPOINTMENTS, call, await bridge.answer(APPOINTMENTS, call));
}

/** Add a page of entries, which comes newest first, or, of appointments, in the order in which they were made. */
function keep(tool: string, call: Json, answer: Json, before: Item[] = []): void {
  const added = rowsOf(answer).map((of) => ({
    id: of("Id"),
    kind: of("kind") || "appointment",
    when: of("when", "start.local"),
    subject: of("Subject"),
    more: [of("status", "outcome"), of("Location"), of("What.Name"), of("Owner.Name")].filter(Boolean),
  }));
  const items = [...before, ...added];
  if (tool === APPOINTMENTS) items.sort((one, other) => (Date.parse(other.when) || 0) - (Date.parse(one.when) || 0));
  const cursor = String(answer.next_cursor ?? "");
  const zone = String(answer.time_zone ?? "");
  update({ timeline: { tool, call, items, cursor, zone, notes: notesOf(answer) } });
}

async function readMore({ tool, call, cursor, items }: Timeline): Promise<void> {
  update({ loading: "Loading more…", error: "" });
  try {
    keep(tool, call, await bridge.answer(tool, { ...call, cursor }), items);
    update({ loading: "" });
    const known = new Set(items.map(({ id }) => id));
    const first = state.timeline?.items.find(({ id }) => !known.has(id));
    if (first) document.getElementById(first.id)?.focus();
  } catch (error) {
    failed(error);
  }
}

function open(address: string): void {
  update({ error: "" });
  bridge.open(address).catch(({ message }: Error) => update({ error: `${message} The address is ${address}` }));
}

function Person() {
  const { contact, timeline, note, loading, error, locale } = state;
  const words = { day: (day: string) => longDay(day, locale), time: locale.time };
  return (
    <>
      <header class="bar">
        <h1>{contact ? nameOf(contact) : "Activities"}</h1>
        {contact && <Link id={String(contact.Id)} name="Open in Salesforce" />}
      </header>
      <Said
        loading={loading}
        said={`${timeline?.items.length ?? 0} activities`}
        error={error}
        notes={[...(contact ? notesOf(contact) : []), ...(note ? [note] : []), ...(timeline?.notes ?? [])]}
      />
      <div class={contact ? "both" : ""}>
        {contact && (
          <div>
            {groupsOf(contact, words).map(({ title, pairs }) => (
              <section key={title} class="group">
                <h2>{title}</h2>
                <Facts rows={pairs} />
              </section>
            ))}
          </div>
        )}
        {timeline && <Entries {...timeline} isTitled={Boolean(contact)} textOf={(when) => textOf(when, words)} />}
      </div>
    </>
  );
}

const longDay = (day: string, locale: Locale) =>
  locale.day(day, { weekday: "short", day: "numeric", month: "long", year: "numeric" });

function Link({ id, name, about = "" }: { id: string; name: string; about?: string }) {
  const address = recordAddress(state.whoami.org?.instance_url, id);
  return address ? (
    <button type="button" aria-label={about && `${name} ${about}`} onClick={() => open(address)}>
      {name}
    </button>
  ) : (
    <></>
  );
}

/** The entries as parts: what is to come, what was, and what has no day. */
function partsOf(items: Item[]): [title: string, items: Item[]][] {
  const { now } = state.whoami;
  const isToCome = ({ when }: Item) =>
    now && (when.includes("T") ? Date.parse(when) > Date.parse(now.utc) : when > now.local.slice(0, 10));
  const parts: [string, Item[]][] = [
    ["To come", items.filter((item) => item.when && isToCome(item))],
    [now ? "Until now" : "Activities", items.filter((item) => item.when && !isToCome(item))],
    ["Without a day", items.filter(({ when }) => !when)],
  ];
  return parts.filter(([, of]) => of.length);
}

function Entries({ items, cursor, zone, isTitled, textOf, ...rest }: Timeline & { isTitled: boolean; textOf(when: string): string }) {
  return (
    <section>
      {isTitled && <h2>Timeline</h2>}
      {!items.length && !state.loading && <p class="note">There are no activities.</p>}
      {partsOf(items).map(([title, of]) => (
        <section key={title}>
          <h3>{title}</h3>
          <ol class="timeline">
            {of.map((item) => (
              <li key={item.id} id={item.id} tabIndex={-1}>
                <span class="kind">{KINDS[item.kind] ?? item.kind}</span> <b>{item.subject || "Without a subject"}</b>{" "}
                <Link id={item.id} name="Open" about={item.subject} />
                {item.when && (
                  <div>
                    <bdi>{textOf(item.when).replace(/ UTC\S*$/, "")}</bdi>
                  </div>
                )}
                {item.more.length > 0 && <div class="small">{item.more.join(" · ")}</div>}
              </li>
            ))}
          </ol>
        </section>
      ))}
      {cursor && (
        <button type="button" disabled={Boolean(state.loading)} onClick={() => void readMore({ items, cursor, zone, ...rest })}>
          More
        </button>
      )}
      {zone && (
        <p class="zone">
          Times in <bdi dir="ltr">{zone}</bdi>
        </p>
      )}
    </section>
  );
}

update({});
bridge.connect("people").then(() => reportSize(bridge), failed);
