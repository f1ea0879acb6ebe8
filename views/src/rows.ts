/** The rows of an answer with `columns` and `rows`. */

/** Returns a row's value in the first of some columns that the answer has, as text. */
export type Row = (...names: string[]) => string;

export function rowsOf(answer: Record<string, unknown>): Row[] {
  const columns = (answer.columns as string[] | undefined) ?? [];
  const rows = (answer.rows as unknown[][] | undefined) ?? [];
  return rows.map((row) => (...names) => {
    const at = columns.findIndex((column) => names.includes(column));
    return at < 0 || row[at] == null ? "" : String(row[at]);
  });
}
