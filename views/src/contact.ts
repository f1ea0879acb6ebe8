/** A contact's fields in groups that a person can read, whichever fields the answer has. */

export type Pair = [label: string, text: string];
export interface Group {
  title: string;
  pairs: Pair[];
}
interface Words {
  /** Writes a day such as `2026-11-24`. */
  day(day: string): string;
  /** Writes a minute of the day. */
  time(minute: number): string;
}

const NAMES = ["Name", "FirstName", "MiddleName", "LastName"];
const GROUPS: [title: string, fields: string[]][] = [
  ["Phone and e-mail", ["Email", "Phone", "MobilePhone", "HomePhone", "OtherPhone", "Fax"]],
  ["Work", ["Title", "Department", "Account.Name", "ReportsTo.Name", "AssistantName", "AssistantPhone"]],
  ["Addresses", ["Mailing address", "Other address"]],
  ["About", ["Salutation", "Suffix", "Birthdate", "LeadSource", "Description"]],
];
const RECORD = ["Owner.Name", "LastActivityDate", "CreatedDate", "LastModifiedDate", "CreatedBy.Name", "LastModifiedBy.Name"];

/** Return a contact's name, or what is known of it. */
export function nameOf(record: Record<string, unknown>): string {
  return String(record.Name ?? "") || NAMES.slice(1).flatMap((name) => record[name] ?? []).join(" ") || "Contact";
}

/** Return the fields in groups; an Id is left out where the name that it stands for is there. */
export function groupsOf(record: Record<string, unknown>, words: Words): Group[] {
  const rest = new Map(Object.entries(record).filter(([name]) => !isIdOfNamed(name, record) && !NAMES.includes(name)));
  for (const silent of ["Id", "withheld", "note", "warning"]) rest.delete(silent);
  for (const kind of ["Mailing", "Other"]) {
    const lines = addressOf(kind, rest);
    if (lines) rest.set(`${kind} address`, lines);
  }
  const taken = (fields: string[]): Pair[] =>
    fields.flatMap((field) => {
      if (!rest.has(field)) return [];
      const value = rest.get(field);
      rest.delete(field);
      return [[labelOf(field), textOf(value, words)] as Pair];
    });
  const groups = GROUPS.map(([title, fields]) => ({ title, pairs: taken(fields) }));
  const kept = taken(RECORD);
  groups.push({ title: "More fields", pairs: taken([...rest.keys()]) }, { title: "Record", pairs: kept });
  return groups.filter(({ pairs }) => pairs.length);
}

function isIdOfNamed(name: string, record: Record<string, unknown>): boolean {
  const parent = name.endsWith("Id") ? name.slice(0, -2) : name.replace(/__c$/, "__r");
  return parent !== name && `${parent}.Name` in record;
}

/** Take the parts of an address out of `rest`, and return them as lines. */
function addressOf(kind: string, rest: Map<string, unknown>): string {
  const part = (name: string): string => {
    const value = rest.get(kind + name);
    rest.delete(kind + name);
    return value ? String(value) : "";
  };
  const street = part("Street");
  const city = [[part("PostalCode"), part("City")].filter(Boolean).join(" "), part("State")].filter(Boolean).join(", ");
  return [street, city, part("Country")].filter(Boolean).join("\n");
}

/** Return an API name as words: `LeadSource` is "Lead source", `Account.Name` is "Account". */
export function labelOf(name: string): string {
  const bare = name.replace(/\.Name$/, "").replace(/__[cr]\b/g, "").replace(/[._]+/g, " ");
  const words = bare.replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2").split(" ").filter(Boolean);
  return words.map((word, at) => (at && !/^[A-Z]{2,}$/.test(word) ? word.toLowerCase() : word)).join(" ") || name;
}

/** Return a value as text: days and times in words, in the zone that they came in. */
export function textOf(value: unknown, { day, time }: Words): string {
  if (value === null || value === undefined || value === "") return "(empty)";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "object") return Object.entries(value).map(([name, each]) => `${name}: ${String(each)}`).join(", ");
  const found = /^(\d{4}-\d\d-\d\d)(?:T(\d\d):(\d\d)\S*?(Z|[+-]\d\d:?\d\d))?$/.exec(String(value));
  if (!found) return String(value);
  const [, date = "", hour, minute, zone = ""] = found;
  if (!hour) return day(date);
  return `${day(date)}, ${time(Number(hour) * 60 + Number(minute))} ${/^(Z|[+-]00:?00)$/.test(zone) ? "UTC" : `UTC${zone}`}`;
}
