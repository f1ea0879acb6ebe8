/**
 * Days and minutes as the server wrote them. Nothing here knows a time zone: a browser's zone data may be older than the
 * server's, so a time is the text `2026-11-24T09:30:00-05:00`, of which the day and the minute of the day are read.
 */

import { rowsOf } from "./rows.ts";

/** A day such as `2026-11-24`. */
export type Day = string;

export interface Entry {
  id: string;
  title: string;
  whose: string;
  first: Day;
  last: Day;
  /** Minutes of the first and the last day; undefined for whole days. */
  from?: number;
  to?: number;
  more: [label: string, text: string][];
}

export interface Segment {
  entry: Entry;
  from: number;
  to: number;
  lane: number;
  lanes: number;
}

export const DAY_MINUTES = 1440;
const SHORTEST = 15;
const MS = 86_400_000;

export function plusDays(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * MS).toISOString().slice(0, 10);
}

/** Return 0 for Sunday to 6 for Saturday. */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

export function startOfWeek(day: Day, firstWeekday: number): Day {
  return plusDays(day, -((weekdayOf(day) - firstWeekday + 7) % 7));
}

/** Return the days from Monday to Friday of a week that begins on `firstWeekday`, and the others that `isUsed` names. */
export function workWeek(day: Day, firstWeekday: number, isUsed: (day: Day) => boolean = () => false): Day[] {
  const start = startOfWeek(day, firstWeekday);
  const week = Array.from({ length: 7 }, (_, at) => plusDays(start, at));
  return week.filter((each) => (weekdayOf(each) % 6 !== 0 ? true : isUsed(each)));
}

/** Return the weeks that the month of `day` touches. */
export function monthGrid(day: Day, firstWeekday: number): Day[][] {
  const weeks: Day[][] = [];
  let at = startOfWeek(`${day.slice(0, 8)}01`, firstWeekday);
  while (at.slice(0, 7) <= day.slice(0, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, index) => plusDays(at, index)));
    at = plusDays(at, 7);
  }
  return weeks;
}

/** Return the first day of the month that is `months` later. */
export function plusMonths(day: Day, months: number): Day {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

/** Return the minute of the day of a time; undefined for a day. */
export function minuteOf(text: string): number | undefined {
  const found = /T(\d\d):(\d\d)/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) : undefined;
}

/** Return the wall time of a minute: `09:30`. */
export const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** Return the entries of an answer with `columns` and `rows`: appointments, or busy times of calendars. */
export function entriesOf(answer: Record<string, unknown>): Entry[] {
  return rowsOf(answer).flatMap((of) => {
    const start = of("start.local", "start");
    const end = of("end.local", "end") || start;
    if (!start) return [];
    const labels: [string, string][] = [
      ["Where", of("Location")],
      ["With", of("Who.Name")],
      ["About", of("What.Name")],
      ["Outcome", of("outcome")],
    ];
    const entry: Entry = {
      id: of("Id"),
      title: of("Subject"),
      whose: of("calendar", "Owner.Name"),
      first: start.slice(0, 10),
      last: end.slice(0, 10),
      more: labels.filter(([, text]) => text),
    };
    const from = minuteOf(start);
    return [from === undefined ? entry : { ...entry, from, to: minuteOf(end) ?? from }];
  });
}

export function isOn(entry: Entry, day: Day): boolean {
  const endsAtMidnight = entry.to === 0 && entry.last > entry.first;
  return entry.first <= day && (endsAtMidnight ? day < entry.last : day <= entry.last);
}

/** Return the entries of each of `days`, in their order: one pass, for thousands of entries. */
export function byDay(entries: Entry[], days: Day[]): Map<Day, Entry[]> {
  const found = new Map<Day, Entry[]>(days.map((day) => [day, []]));
  for (const entry of entries) {
    for (let day = entry.first < (days[0] ?? "") ? days[0]! : entry.first; day <= entry.last; day = plusDays(day, 1)) {
      if (day > (days.at(-1) ?? "")) break;
      if (isOn(entry, day)) found.get(day)?.push(entry);
    }
  }
  return found;
}

/** Return the parts of timed entries on a day, in lanes so that none covers another. */
export function segmentsOf(entries: Entry[], day: Day): Segment[] {
  const segments: Segment[] = [];
  for (const entry of entries) {
    if (entry.from === undefined || !isOn(entry, day)) continue;
    const from = entry.first === day ? entry.from : 0;
    const to = entry.last === day ? (entry.to ?? from) : DAY_MINUTES;
    // Where clocks are set back, an end can stand before its start.
    segments.push({ entry, from, to: Math.min(DAY_MINUTES, Math.max(to, from + SHORTEST)), lane: 0, lanes: 1 });
  }
  segments.sort((one, other) => one.from - other.from || other.to - one.to);
  let group: Segment[] = [];
  let until = 0;
  const close = () => {
    const lanes = Math.max(0, ...group.map(({ lane }) => lane)) + 1;
    for (const segment of group) segment.lanes = lanes;
    group = [];
  };
  for (const segment of segments) {
    if (segment.from >= until) close();
    const taken = new Set(group.filter(({ to }) => to > segment.from).map(({ lane }) => lane));
    while (taken.has(segment.lane)) segment.lane += 1;
    group.push(segment);
    until = Math.max(until, segment.to);
  }
  close();
  return segments;
}
