/** What views say in the same way: what is being done, what went wrong, notes of the server. */
import type { Json } from "./bridge.ts";

/** Return what an answer says about itself: notes, warnings, and which fields a policy withholds. */
export function notesOf(answer: Json): string[] {
  const said = ["note", "warning", "reason"].flatMap((key) => (answer[key] ? [String(answer[key])] : []));
  const withheld = answer.withheld as string[] | undefined;
  return withheld?.length ? [...said, `Withheld by the policy: ${withheld.join(", ")}.`] : said;
}

interface SaidProps {
  /** What is being done; empty if nothing. */
  loading: string;
  /** What a screen reader hears when it is done. */
  said: string;
  error: string;
  notes?: string[];
}

export function Said({ loading, said, error, notes = [] }: SaidProps) {
  return (
    <>
      <div role="status" class={loading ? "note" : "quiet"}>
        {loading || said}
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
    </>
  );
}
