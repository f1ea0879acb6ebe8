/** What a change would do, what was done, and what the server refused: its words, for people to decide by. */
import type { ComponentChildren } from "preact";
import type { Json, Refusal } from "./bridge.ts";
import { minuteOf } from "./days.ts";
import { Facts, type Fact } from "./facts.tsx";
import { longDay, type Locale } from "./kit.ts";
import "./plan.css";

const MOST_ROWS = 50;
const VERBS: Record<string, string> = {
  create: "Create", update: "Change", delete: "Delete", hard_delete: "Delete for good", undelete: "Restore", merge: "Merge", convert: "Convert",
};
const OBJECTS: Record<string, string> = { Event: "appointment", EventRelation: "invitation" };
const FIELDS: Record<string, string> = { StartDateTime: "Start", EndDateTime: "End", IsAllDayEvent: "All day", WhoId: "With", WhatId: "About" };
/** What is said elsewhere, or is of no use to people. */
const UNSAID = new Set(["preview", "undo", "api_calls", "tool", "change_id", "warning", "note", "columns", "rows", "changed", "time_zone"]);

interface Table {
  columns?: string[];
  rows?: unknown[][];
}
interface Planned {
  action: string;
  sobject?: string;
  Id?: string;
  name?: string;
  count?: number;
  values?: Json;
  changed?: Record<string, { before: unknown; after: unknown }>;
}

/** Return a name of the API as words: `ShowAs` as "Show as". */
function wordsOf(name: string): string {
  const words = FIELDS[name] ?? name.replace(/__c$|\.Name$/, "").replace(/_/g, " ").replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/ Id$/, "");
  return words.charAt(0).toUpperCase() + words.slice(1).replace(/[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
}

/** Return a value as people read it; a time is the one that the server wrote, and says so if it is in UTC. */
function shown(value: unknown, locale: Locale): ComponentChildren {
  if (value === null || value === undefined || value === "") return <i>empty</i>;
  if (value === true) return "Yes";
  if (value === false) return "No";
  if (Array.isArray(value)) return value.map((each, at) => [at > 0 && ", ", shown(each, locale)]);
  if (typeof value === "object") {
    const { local } = value as { local?: unknown };
    if (local !== undefined) return shown(local, locale);
    return Object.entries(value).map(([name, each], at) => [at > 0 && ", ", `${wordsOf(name)}: `, shown(each, locale)]);
  }
  const text = String(value);
  const day = /^\d{4}-\d\d-\d\d(?=$|T)/.exec(text)?.[0];
  const minute = minuteOf(text);
  if (!day || !Number.isFinite(Date.parse(text))) return text;
  const isUtc = /(Z|\+00:?00)$/.test(text);
  return `${longDay(day, locale)} ${day.slice(0, 4)}${minute === undefined ? "" : `, ${locale.time(minute)}${isUtc ? " UTC" : ""}`}`;
}

function titleOf({ action, sobject = "record", Id, name, count }: Planned): string {
  const what = `${VERBS[action] ?? wordsOf(action)} ${count === undefined ? "" : `${count} × `}${OBJECTS[sobject] ?? sobject}`;
  return name || Id ? `${what}: ${name || Id}` : what;
}

function Values({ heads, rows }: { heads: string[]; rows: [string, ...ComponentChildren[]][] }) {
  return (
    <table class="values">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...cells], at) => (
          <tr key={at}>
            <th scope="row">{name}</th>
            {cells.map((cell, at) => (
              <td key={at}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Changed = NonNullable<Planned["changed"]>;

const BeforeAndAfter = ({ changed, locale }: { changed: Changed; locale: Locale }) => (
  <Values
    heads={["Field", "Before", "After"]}
    rows={Object.entries(changed).map(([name, { before, after }]) => [wordsOf(name), shown(before, locale), shown(after, locale)])}
  />
);

function Rows({ columns = [], rows = [], locale }: Table & { locale: Locale }) {
  if (!rows.length) return null;
  const more = rows.length - MOST_ROWS;
  return (
    <>
      <div class="wide" tabIndex={0} role="region" aria-label="Records">
        <Values
          heads={columns.map((column) => wordsOf(column.replace(".", " ")))}
          rows={rows.slice(0, MOST_ROWS).map((row) => [String(row[0] ?? ""), ...row.slice(1).map((cell) => (cell == null ? "" : shown(cell, locale)))])}
        />
      </div>
      {more > 0 && <p>And {more} more.</p>}
    </>
  );
}

const isNamed = (name: string, answer: Json): boolean => /.Id$/.test(name) && Boolean(answer[name.replace(/Id$/, ".Name")]);

/** What goes along with a change, and what is said of it. */
function Along({ answer, locale }: { answer: Json; locale: Locale }) {
  // An Id goes without saying where the name of its record is said.
  const rows = Object.entries(answer).filter(([name, value]) => !UNSAID.has(name) && value !== null && !isNamed(name, answer));
  const facts = rows.map(([name, value]): Fact => {
    const named = name === "also_deleted" ? Object.fromEntries(Object.entries(value as Json).map(([sobject, count]) => [OBJECTS[sobject] ?? sobject, count])) : value;
    return [LABELS[name] ?? wordsOf(name), shown(named, locale)];
  });
  return (
    <>
      <Facts rows={facts} />
      {["warning", "note"].map((name) => Boolean(answer[name]) && <p key={name} class={name === "warning" ? "note error" : "note"}>{String(answer[name])}</p>)}
    </>
  );
}

const LABELS: Record<string, string> = {
  also_deleted: "Deleted too", calendars: "In the calendars of", to_come: "Of them in the future", occurrences: "Appointments", first_occurrences: "When", dates: "When",
};

/** The preview of a change: record by record, field by field, what goes along, and whether it can be undone. */
export function Plan({ answer, locale }: { answer: Json; locale: Locale }) {
  const planned = (answer.preview as Planned[] | undefined) ?? [];
  const more = planned.length - MOST_ROWS;
  return (
    <div class="plan">
      {!planned.length && <p class="note">There is nothing to change.</p>}
      {planned.slice(0, MOST_ROWS).map((each, at) => (
        <section key={at}>
          <h3>{titleOf(each)}</h3>
          {each.changed && <BeforeAndAfter changed={each.changed} locale={locale} />}
          {each.values && (
            <Values heads={["Field", "Value"]} rows={Object.entries(each.values).map(([name, value]) => [wordsOf(name), shown(value, locale)])} />
          )}
        </section>
      ))}
      {more > 0 && <p>And {more} more.</p>}
      <Rows {...(answer as Table)} locale={locale} />
      <Along answer={answer} locale={locale} />
      {Boolean(answer.undo) && <p class={/cannot/.test(String(answer.undo)) ? "note error" : "note"}>{String(answer.undo)}</p>}
    </div>
  );
}

/** What a tool that writes has answered. */
export function Outcome({ answer, locale }: { answer: Json; locale: Locale }) {
  const changed = answer.changed as Changed | undefined;
  return (
    <div class="plan">
      {changed && Object.keys(changed).length > 0 && <BeforeAndAfter changed={changed} locale={locale} />}
      <Rows {...(answer as Table)} locale={locale} />
      <Along answer={answer} locale={locale} />
    </div>
  );
}

/** What the server refused, in its words. */
export function Refused({ refusal: { message, hint }, children }: { refusal: Refusal; children?: ComponentChildren }) {
  return (
    <div role="alert" class="note error">
      <p>{message}</p>
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}
