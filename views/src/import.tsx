/** An import: which column goes where, what is wrong with which rows, corrections, and sending the good ones. */
import { render } from "preact";
import { Bridge, contentOf, textOf, type Json, type ToolResult } from "./bridge.ts";
import { Facts, type Fact } from "./facts.tsx";
import { reportSize, wear } from "./kit.ts";
import { notesOf, Said } from "./parts.tsx";
import { problemOf, type BadRow, type Problem } from "./problems.ts";
import "./import.css";

const IMPORT = "salesforce_import";
const JOB = "salesforce_job";
const WAIT_S = 20; // less than hosts give a call

/** New cells of rows by their number; null leaves the row out. */
type Fixes = Record<string, Record<string, string> | null>;

interface Answer {
  import_id?: string;
  /** Only once it was sent. */
  state?: string;
  rows?: number;
  ready?: number;
  bad?: number;
  already?: number;
  left_out?: number;
  saved?: number;
  of?: number;
  failed?: number;
  mapping?: Record<string, string>;
  not_mapped?: string[];
  problems?: string[];
  bad_file?: string;
  change_id?: string;
  seconds_left?: number;
}

const bridge = new Bridge({
  input: (given) => update({ given }),
  result: (result) => void take(result),
  context: (context) => {
    wear(context);
    update({ counted: new Intl.NumberFormat(context.locale || "en") });
  },
  cancelled: (reason) => update({ error: `The call was cancelled. ${reason}`, loading: "" }),
});

let state = {
  given: {} as Json,
  answer: {} as Answer,
  fixes: {} as Fixes,
  /** Columns whose field the person has changed since the check. */
  mapping: {} as Record<string, string>,
  counted: new Intl.NumberFormat("en"),
  loading: "Loading…",
  error: "",
};

function update(change: Partial<typeof state>): void {
  state = { ...state, ...change };
  render(<Import />, document.getElementById("view")!);
}

/** Take what the host passes on; where it was stripped, check again: that sends nothing. */
async function take(result: ToolResult): Promise<void> {
  if (result.isError) return update({ error: textOf(result), loading: "" });
  const answer = contentOf(result);
  if (answer?.import_id) return keep(answer);
  const { go: _go, preview: _preview, wait_s: _wait, ...check } = state.given;
  await ask("Checking the rows…", check.import_id ? { import_id: check.import_id } : check);
}

function keep(answer: Answer): void {
  update({ answer, fixes: {}, mapping: {}, loading: "", error: "" });
}

/** Call the tool; a refusal is shown as the server words it, and what was typed stays. */
async function ask(loading: string, given: Json): Promise<boolean> {
  update({ loading, error: "" });
  try {
    keep(await bridge.answer(IMPORT, given));
    return true;
  } catch (error) {
    update({ loading: "", error: (error as Error).message });
    return false;
  }
}

/** Send the good rows: the server has a person approve it. */
async function send(): Promise<void> {
  const { import_id } = state.answer;
  if (!(await ask("Waiting for the approval, then sending the rows…", { import_id, go: true, wait_s: WAIT_S }))) return;
  try {
    while (state.answer.state === "running") {
      keep((await bridge.answer(JOB, { job: import_id, wait_s: WAIT_S })) as Answer);
    }
  } catch (error) {
    update({ error: (error as Error).message });
  }
  const { saved, change_id } = state.answer;
  const text = `The user imported ${saved ?? 0} rows in the view (import ${import_id}, change ${change_id ?? "none"}).`;
  // Some hosts drop it; the job and the journal say what was imported.
  void bridge.ask("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => {});
}

/** Check the table again with other fields, which makes another import of it. */
async function remap(): Promise<void> {
  const { given, mapping } = state;
  const { go: _go, preview: _preview, wait_s: _wait, ...check } = given;
  const again = { ...check, mapping: { ...(given.mapping as Json | undefined), ...mapping } };
  if (await ask("Checking the rows…", again)) update({ given: again });
}

function fix(row: number, change: Record<string, string> | null | undefined): void {
  const fixes = { ...state.fixes };
  if (change === undefined) delete fixes[row];
  else fixes[row] = change && { ...fixes[row], ...change };
  update({ fixes });
}

function Import() {
  const { answer, loading, error, counted } = state;
  const isSent = Boolean(answer.state);
  const rows = (count: number | undefined) => (count ? `${counted.format(count)} ${count === 1 ? "row" : "rows"}` : "");
  const counts: Fact[] = [
    ["In the table", rows(answer.rows)],
    ["Ready", answer.ready === undefined ? "" : rows(answer.ready) || "none"],
    ["Saved", answer.saved === undefined ? "" : rows(answer.saved) || "none"],
    ["Wrong", rows(answer.bad)],
    ["Refused by the org", rows(answer.failed)],
    ["Imported before", rows(answer.already)],
    ["Left out", rows(answer.left_out)],
    ["Rows not saved are in", answer.bad_file ?? ""],
    ["Change, to undo it", answer.change_id ?? ""],
  ];
  return (
    <>
      <header class="bar">
        <h1>{titleOf(state.given, answer)}</h1>
      </header>
      <Said loading={loading} said={isSent ? endOf(answer) : "Checked"} error={error} notes={notesOf(answer as Json)} />
      {isSent && <p class="end">{endOf(answer)}</p>}
      {answer.state === "running" && (
        <progress aria-label="Rows saved" value={(answer.saved ?? 0) + (answer.failed ?? 0)} max={answer.of || 1} />
      )}
      <Facts rows={counts} />
      {!isSent && <Mapping />}
      <Problems canFix={!isSent && Boolean(answer.import_id)} />
      {!isSent && answer.import_id && <Buttons />}
    </>
  );
}

const OPERATIONS: Record<string, string> = { insert: "Import", update: "Update", upsert: "Create or update", delete: "Delete" };

function titleOf(given: Json, { import_id }: Answer): string {
  const what = [given.sobject, given.path && `from ${given.path}`].filter(Boolean).join(" ");
  return `${OPERATIONS[String(given.operation ?? "insert")] ?? "Import"}: ${what || (import_id ?? "")}`;
}

const ENDS: Record<string, string> = { running: "The rows are being sent.", done: "The import has ended.", failed: "The import has stopped." };

const endOf = ({ state = "", seconds_left }: Answer) =>
  [ENDS[state] ?? state, seconds_left ? `About ${seconds_left} seconds are left.` : ""].filter(Boolean).join(" ");

/** The columns whose name is not that of their field; a table that the call named can be checked with others. */
function Mapping() {
  const { answer, given, mapping, loading } = state;
  const left = (answer.not_mapped ?? []).map((header): [string, string] => [header, ""]);
  const columns = [...Object.entries(answer.mapping ?? {}), ...left];
  if (!columns.length) return null;
  const canChange = "path" in given || "columns" in given;
  const isChanged = Object.keys(mapping).length > 0;
  return (
    <section>
      <h2>Columns and fields</h2>
      <p class="small">Columns that have the name of their field are not listed.</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Field</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(([header, field]) => (
            <tr key={header}>
              <th scope="row">{header}</th>
              <td>
                {canChange ? (
                  <input
                    aria-label={`Field of the column ${header}`}
                    placeholder="not imported"
                    value={mapping[header] ?? field}
                    disabled={Boolean(loading)}
                    onInput={({ currentTarget }) => update({ mapping: { ...mapping, [header]: currentTarget.value.trim() } })}
                  />
                ) : (
                  field || "not imported"
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {isChanged && (
        <button type="button" disabled={Boolean(loading)} onClick={() => void remap()}>
          Check with these fields
        </button>
      )}
    </section>
  );
}

function Problems({ canFix }: { canFix: boolean }) {
  const problems = (state.answer.problems ?? []).map(problemOf);
  if (!problems.length) return null;
  return (
    <section>
      <h2>Problems</h2>
      <ul class="problems">
        {problems.map((problem) => (
          <li key={problem.words}>
            <b>{problem.words}</b>
            {problem.rows.length > 0 && (
              <ul>
                {problem.rows.map((bad) => (
                  <Bad key={bad.row} bad={bad} problem={problem} canFix={canFix} />
                ))}
              </ul>
            )}
            {problem.more > 0 && <p>{`and ${state.counted.format(problem.more)} more rows`}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A bad row: its cell, another one for it, or no row at all. */
function Bad({ bad: { row, cell }, problem: { field }, canFix }: { bad: BadRow; problem: Problem; canFix: boolean }) {
  const fixed = state.fixes[row];
  const isOut = fixed === null;
  return (
    <li class="bad">
      <span>
        Row {state.counted.format(row)}
        {cell !== undefined && (
          <>
            {": "}
            <q>{cell}</q>
          </>
        )}
      </span>
      {canFix && field && (
        <input
          aria-label={`New value of ${field} in row ${row}`}
          placeholder={`New ${field}`}
          value={fixed?.[field] ?? ""}
          disabled={isOut || Boolean(state.loading)}
          onInput={({ currentTarget }) => fix(row, { [field]: currentTarget.value })}
        />
      )}
      {canFix && (
        <button
          type="button"
          aria-label={`Leave out row ${row}`}
          aria-pressed={isOut}
          disabled={Boolean(state.loading)}
          onClick={() => fix(row, isOut ? undefined : null)}
        >
          Leave out
        </button>
      )}
    </li>
  );
}

function Buttons() {
  const { answer, fixes, mapping, loading, counted } = state;
  const hasFixes = Object.keys(fixes).length > 0;
  const isChanged = hasFixes || Object.keys(mapping).length > 0;
  const ready = answer.ready ?? 0;
  const check = () => ask("Checking the corrections…", { import_id: answer.import_id, fix: fixes });
  return (
    <div class="bar">
      {hasFixes && (
        <button type="button" disabled={Boolean(loading)} onClick={() => void check()}>
          Check the corrections
        </button>
      )}
      <button type="button" class="main" disabled={!ready || isChanged || Boolean(loading)} onClick={() => void send()}>
        {`Send ${counted.format(ready)} ${ready === 1 ? "row" : "rows"}`}
      </button>
      {isChanged && <span class="small">Check the changes first.</span>}
    </div>
  );
}

update({});
bridge.connect("import").then(
  () => reportSize(bridge),
  (error: Error) => update({ error: error.message, loading: "" }),
);
