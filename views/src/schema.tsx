/** The schema: an object's fields, and the objects around it as a map that can be walked. */
import { render } from "preact";
import { useState } from "preact/hooks";
import { Bridge, contentOf, textOf, type Json, type ToolResult } from "./bridge.ts";
import { Facts, type Fact } from "./facts.tsx";
import { reportSize, wear } from "./kit.ts";
import { notesOf, Said } from "./parts.tsx";
import { childrenOf, fieldsOf, matches, parentsOf, type Field, type Neighbour } from "./relations.ts";
import { rowsOf } from "./rows.ts";
import "./schema.css";

const DESCRIBE = "salesforce_describe";
const FEW = 10;
const ROW_PX = 44;

interface Described {
  sobject: string;
  label: string;
  facts: Fact[];
  fields: Field[];
  children: Neighbour[];
  notes: string[];
}
interface Listed {
  name: string;
  label: string;
}

const bridge = new Bridge({
  input: (given) => update({ given }),
  result: (result) => void take(result),
  context: wear,
  cancelled: (reason) => update({ error: `The call was cancelled. ${reason}`, loading: "" }),
});

let state = {
  given: {} as Json,
  described: undefined as Described | undefined,
  listed: undefined as Listed[] | undefined,
  trail: [] as string[],
  search: "",
  notes: [] as string[],
  loading: "Loading…",
  error: "",
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  render(<Schema />, document.getElementById("view")!);
}

/** Take what the host passes on, and read what it leaves out of the object: the other pages and the children. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) return update({ error: textOf(result), loading: "" });
  const { sobject, search, fields } = state.given as { sobject?: string; search?: string; fields?: string[] };
  const answer = contentOf(result);
  const name = sobject || String(answer?.sobject ?? "");
  if (!name) return list(answer);
  const isWhole = !state.given.cursor && !search && !fields?.length && !state.given.children;
  await walk(name, isWhole && answer?.columns && !answer.next_cursor ? [answer] : undefined);
  // What was asked for is what people look for; a child relationship is no field.
  const wanted = search || (fields?.length === 1 ? fields[0] : "") || "";
  if (wanted && state.described?.fields.some((field) => matches(field, wanted))) update({ search: wanted });
}

async function list(answer: Json | undefined): Promise<void> {
  try {
    const pages = answer?.columns && !answer.next_cursor ? [answer] : await bridge.pages(DESCRIBE, searchOnly());
    const listed = pages.flatMap(rowsOf).map((of) => ({ name: of("name"), label: of("label") }));
    const meant = (pages[0]?.did_you_mean as string[] | undefined) ?? [];
    const more = pages.at(-1)?.next_cursor ? ["There are more objects than are shown. Search for a part of the name."] : [];
    update({ listed: [...listed, ...meant.map((name) => ({ name, label: "" }))], notes: [...notesOf(pages[0]!), ...more], loading: "" });
  } catch (error) {
    failed(error);
  }
}

const searchOnly = (): Json => (state.given.search ? { search: state.given.search } : {});

const failed = (error: unknown) => update({ error: (error as Error).message, loading: "" });

/** Go to an object; one that is refused leaves the view where it was. */
async function walk(sobject: string, known?: Json[]): Promise<void> {
  update({ loading: `Loading ${sobject}…`, error: "" });
  try {
    const [pages, related] = await Promise.all([
      known ?? bridge.pages(DESCRIBE, { sobject }),
      bridge.pages(DESCRIBE, { sobject, children: true }),
    ]);
    const head = pages[0]!;
    const isCut = pages.at(-1)?.next_cursor || related.at(-1)?.next_cursor;
    const at = state.trail.indexOf(sobject);
    update({
      described: {
        sobject: String(head.sobject ?? sobject),
        label: String(head.label ?? ""),
        facts: factsOf(head),
        fields: pages.flatMap(fieldsOf),
        children: related.flatMap(childrenOf),
        notes: [...notesOf(head), ...(isCut ? ["There are more fields or children than are shown."] : [])],
      },
      trail: at < 0 ? [...state.trail, sobject] : state.trail.slice(0, at + 1),
      search: "",
      loading: "",
    });
    if (!known) document.getElementById("object")?.focus();
  } catch (error) {
    failed(error);
  }
}

function factsOf(head: Json): Fact[] {
  const types = (head.record_types as { name: string; label?: string; default?: boolean }[] | undefined) ?? [];
  const said = types.map(({ name, label, default: is }) => `${label ?? name}${is ? " (default)" : ""}`);
  return [
    ["Ids begin with", String(head.key_prefix ?? "")],
    ["Cannot", ((head.cannot as string[] | undefined) ?? []).join(", ")],
    ["Record types", said.join(", ")],
  ];
}

function Schema() {
  const { described, listed, trail, loading, error, notes } = state;
  return (
    <>
      {(trail.length > 1 || (listed && described)) && (
        <nav class="bar" aria-label="The way here">
          {listed && (
            <button type="button" onClick={() => update({ described: undefined, trail: [], error: "" })}>
              Objects
            </button>
          )}
          {trail.slice(0, -1).map((each) => (
            <button key={each} type="button" onClick={() => void walk(each)}>
              {each}
            </button>
          ))}
        </nav>
      )}
      <Said
        loading={loading}
        said={described ? `${described.sobject}: ${described.fields.length} fields` : `${listed?.length ?? 0} objects`}
        error={error}
        notes={described ? described.notes : notes}
      />
      {described ? <OneObject key={described.sobject} {...described} /> : listed && <Objects listed={listed} />}
    </>
  );
}

function Search({ name, found }: { name: string; found: string }) {
  return (
    <div class="bar">
      <label>
        {name}{" "}
        <input type="search" value={state.search} onInput={({ currentTarget }) => update({ search: currentTarget.value })} />
      </label>
      <span role="status">{found}</span>
    </div>
  );
}

function Objects({ listed }: { listed: Listed[] }) {
  const wanted = state.search.toLowerCase();
  const found = listed.filter(({ name, label }) => `${name} ${label}`.toLowerCase().includes(wanted));
  return (
    <>
      <h1>Objects</h1>
      <Search name="Search objects" found={`${found.length} of ${listed.length}`} />
      <ul class="objects">
        {found.map(({ name, label }) => (
          <li key={name}>
            <Step sobject={name} by={label ? [label] : []} />
          </li>
        ))}
      </ul>
    </>
  );
}

function OneObject({ sobject, label, facts, fields, children }: Described) {
  const found = fields.filter((field) => matches(field, state.search));
  return (
    <>
      <Map sobject={sobject} label={label} parents={parentsOf(fields)} children={children} />
      <Facts rows={facts} />
      <h2>Fields</h2>
      <Search name="Search fields" found={`${found.length} of ${fields.length}`} />
      {!found.length && <p class="note">No field has these words in its name, label or type.</p>}
      <ul class="fields">
        {found.map((field) => (
          <OneField key={field.name} sobject={sobject} field={field} />
        ))}
      </ul>
    </>
  );
}

interface MapProps {
  sobject: string;
  label: string;
  parents: Neighbour[];
  children: Neighbour[];
}

/** The object between its parents and its children: three lists, with lines where there is room for them. */
function Map({ sobject, label, parents, children }: MapProps) {
  const [isAll, setAll] = useState(false);
  const cut = (all: Neighbour[]) => (isAll ? all : all.slice(0, FEW));
  const [above, below] = [cut(parents), cut(children)];
  const height = Math.max(above.length, below.length, 1) * ROW_PX;
  const hidden = parents.length + children.length - above.length - below.length;
  return (
    <div class="map" role="group" aria-label={`${sobject} and the objects around it`} onKeyDown={(event) => step(event)}>
      <Side title="Refers to" none="It refers to no object." of={above} />
      <Lines from={above.length} height={height} />
      <div class="middle">
        <h1 id="object" tabIndex={-1}>
          {sobject}
        </h1>
        {label && label !== sobject && <span class="by">{label}</span>}
      </div>
      <Lines from={below.length} height={height} isRight />
      <Side title="Is referred to by" none="No object refers to it." of={below} />
      {(hidden > 0 || isAll) && (
        <button type="button" class="all" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? "Fewer objects" : `${hidden} more objects`}
        </button>
      )}
    </div>
  );
}

function Side({ title, none, of }: { title: string; none: string; of: Neighbour[] }) {
  return (
    <section class="side">
      <h2>{title}</h2>
      {of.length ? (
        <ul>
          {of.map(({ sobject, by }) => (
            <li key={sobject} style={{ "--row": `${ROW_PX}px` }}>
              <Step sobject={sobject} by={by} />
            </li>
          ))}
        </ul>
      ) : (
        <p class="by">{none}</p>
      )}
    </section>
  );
}

function Step({ sobject, by }: Neighbour) {
  return (
    <button type="button" class="step" disabled={Boolean(state.loading)} onClick={() => void walk(sobject)}>
      <b>{sobject}</b> <span class="by">{by.join(", ")}</span>
    </button>
  );
}

/** Lines from the middle to each row of a side; what they say is in the lists. */
function Lines({ from, height, isRight = false }: { from: number; height: number; isRight?: boolean }) {
  const top = (height - from * ROW_PX) / 2 + ROW_PX / 2;
  const [outer, inner] = isRight ? [100, 0] : [0, 100];
  return (
    <svg class="lines" aria-hidden="true" viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" style={{ height }}>
      {Array.from({ length: from }, (_, at) => {
        const y = top + at * ROW_PX;
        return <path key={at} d={`M${inner} ${height / 2} C50 ${height / 2} 50 ${y} ${outer} ${y}`} />;
      })}
    </svg>
  );
}

/** Arrows go along a side of the map, and across to the other. */
function step(event: KeyboardEvent): void {
  const map = event.currentTarget as HTMLElement;
  const sides = [...map.querySelectorAll<HTMLElement>(".side")].map((side) => [...side.querySelectorAll("button")]);
  const side = sides.findIndex((buttons) => buttons.some((button) => button === document.activeElement));
  const at = sides[side]?.findIndex((button) => button === document.activeElement) ?? 0;
  const isRtl = document.documentElement.dir === "rtl";
  const left = isRtl ? 1 : 0;
  const across = { ArrowLeft: left, ArrowRight: 1 - left }[event.key];
  const along = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const next = along === undefined ? across === undefined || across === side ? undefined : sides[across] : sides[side];
  const to = next?.[Math.min(Math.max(at + (along ?? 0), 0), next.length - 1)];
  if (!to) return;
  event.preventDefault();
  to.focus();
}

/** A field: opened, it asks for what is known of it. */
function OneField({ sobject, field: { name, type, label, flags } }: { sobject: string; field: Field }) {
  const [known, setKnown] = useState<Json>();
  const [said, setSaid] = useState("");
  const [isOpen, setOpen] = useState(false);
  const toggle = () => {
    setOpen(!isOpen);
    if (known || isOpen) return;
    setSaid("Loading…");
    bridge.answer(DESCRIBE, { sobject, fields: [name] }).then(
      (answer) => {
        setKnown((answer.fields as Record<string, Json>)[name]);
        setSaid("");
      },
      (error: Error) => setSaid(error.message),
    );
  };
  return (
    <li>
      <button type="button" class="field" aria-expanded={isOpen} onClick={toggle}>
        <b>{name}</b> <span>{label}</span> <span>{type}</span>{" "}
        <span>
          {flags.map((flag) => (
            <span key={flag} class={`flag ${flag === "required" ? "required" : ""}`}>
              {flag}{" "}
            </span>
          ))}
        </span>
      </button>
      {isOpen && (
        <div class="known">
          <p role="status">{said}</p>
          {known && <Known known={known} />}
        </div>
      )}
    </li>
  );
}

function Known({ known }: { known: Json }) {
  const labels = (known.labels as Record<string, string> | undefined) ?? {};
  const worded = (value: string) => (labels[value] ? `${labels[value]} (${value})` : value);
  const values = (known.values as string[] | undefined) ?? [];
  const by = Object.entries((known.values_for as Record<string, string[]> | undefined) ?? {});
  const targets = (known.references as string[] | undefined) ?? [];
  const rows: Fact[] = [
    ["Label", String(known.label ?? "")],
    ["Help", String(known.help ?? "")],
    ["Description", String(known.description ?? "")],
    ["Relationship", String(known.relationship ?? "")],
    ["Formula", String(known.formula ?? "")],
    ["Default", known.default === undefined ? "" : String(known.default)],
    ["Values", values.map(worded).join(", ")],
    ["Other values", known.restricted ? "are refused" : ""],
    ["Left out", known.values_left_out ? `${String(known.values_left_out)} values` : ""],
    ["Depends on", String(known.depends_on ?? "")],
    ...by.map(([value, of]): Fact => [`If ${value}`, of.map(worded).join(", ")]),
  ];
  return (
    <>
      <Facts rows={rows} />
      {targets.length > 0 && (
        <ul class="objects">
          {targets.map((target) => (
            <li key={target}>
              <Step sobject={target} by={[]} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

update({});
bridge.connect("schema").then(() => reportSize(bridge), failed);
