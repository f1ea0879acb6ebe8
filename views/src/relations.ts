/** The objects around an object: those that its fields refer to, and those that refer to it. */
import { rowsOf } from "./rows.ts";

export interface Field {
  name: string;
  type: string;
  label: string;
  flags: string[];
}
/** An object of the map, and by which names it is related. */
export interface Neighbour {
  sobject: string;
  by: string[];
}

/** What Salesforce adds to objects; people look for the others first. */
const ADDED = /(?:Share|History|Feed|ChangeEvent|Tag|__hd)$/;

export function fieldsOf(answer: Record<string, unknown>): Field[] {
  return rowsOf(answer).map((of) => ({
    name: of("name"),
    type: of("type"),
    label: of("label"),
    flags: of("flags").split(" ").filter(Boolean),
  }));
}

/** Return the objects that a type such as `reference Account|Contact|4 more as Who` names. */
export function targetsOf(type: string): string[] {
  const found = /^reference (.+?)(?: as \w+)?$/.exec(type);
  return (found?.[1] ?? "").split("|").filter((target) => /^\w+$/.test(target));
}

export function parentsOf(fields: Field[]): Neighbour[] {
  return gathered(fields.flatMap(({ name, type }) => targetsOf(type).map((sobject) => [sobject, name])));
}

/** Return the objects of an answer that lists child relationships. */
export function childrenOf(answer: Record<string, unknown>): Neighbour[] {
  return gathered(rowsOf(answer).map((of) => [of("sobject"), of("children")]));
}

/** Return whether a field has every word of a text in its name, label, type or flags. */
export function matches({ name, type, label, flags }: Field, text: string): boolean {
  const said = [name, type, label, ...flags].join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => said.includes(word));
}

function gathered(pairs: string[][]): Neighbour[] {
  const found = new Map<string, string[]>();
  for (const [sobject = "", by = ""] of pairs) found.set(sobject, [...(found.get(sobject) ?? []), by]);
  const all = [...found].map(([sobject, by]) => ({ sobject, by }));
  const isAdded = ({ sobject }: Neighbour) => Number(ADDED.test(sobject));
  return all.sort((one, other) => isAdded(one) - isAdded(other));
}
