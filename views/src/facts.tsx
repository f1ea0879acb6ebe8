/** Labels with their texts, and what is said of an appointment's invitees. */
import type { ComponentChildren } from "preact";
import type { Json } from "./bridge.ts";
import { rowsOf } from "./rows.ts";
import "./facts.css";

export type Fact = [label: string, text: ComponentChildren];

/** Draw those that have a text. */
export function Facts({ rows }: { rows: Fact[] }) {
  return (
    <dl class="facts">
      {rows.filter(([, text]) => text).map(([label, text]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Return who is invited to an appointment, each with their answer. */
export function invitedIn(record: Json): string {
  return rowsOf((record.invitees ?? {}) as Json)
    .map((of) => [of("Name"), of("Status")].filter(Boolean).join(": "))
    .join(", ");
}
