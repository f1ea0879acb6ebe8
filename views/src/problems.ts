/** What the check of an import says of bad rows. The server writes it for people and models; here it becomes a form. */

export interface BadRow {
  row: number;
  /** The cell as it stands in the table; undefined where the server does not quote it. */
  cell?: string;
}

export interface Problem {
  /** The server's words, without the rows. */
  words: string;
  /** The field that is wrong; empty if the row as a whole is. */
  field: string;
  rows: BadRow[];
  /** How many rows have it besides those that are named. */
  more: number;
}

const QUOTED = `'(?:[^'\\\\]|\\\\.)*'|"(?:[^"\\\\]|\\\\.)*"`;
const NAMED = `\\d+(?: (?:${QUOTED}))?`;
const LINE = new RegExp(`^(.*) Rows? (${NAMED}(?:, ${NAMED})*)(?: and (\\d+) more)?$`, "s");
const ROW = new RegExp(`(\\d+)(?: (${QUOTED}))?(?:, |$)`, "gs");
const FIELD = /^([A-Za-z]\w*(?:\.\w+)*): /;
const ESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

/** Return a problem, such as `Email: Is not an e-mail address. Rows 71 'ada at acme', 90 and 3 more`. */
export function problemOf(line: string): Problem {
  const [, words = line, named = "", more = "0"] = LINE.exec(line) ?? [];
  const rows = [...named.matchAll(ROW)].map(([, row, cell]): BadRow => ({
    row: Number(row),
    ...(cell === undefined ? {} : { cell: unquoted(cell) }),
  }));
  return { words, field: FIELD.exec(words)?.[1] ?? "", rows, more: Number(more) };
}

/** Return the text that is quoted in the way of Python. */
function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs, (_, two, four, eight, one) =>
    one === undefined ? String.fromCodePoint(Number.parseInt(two ?? four ?? eight, 16)) : (ESCAPED[one] ?? one),
  );
}
