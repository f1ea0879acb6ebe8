/** The hours of days as columns, with what is on them. */
import type { ComponentChildren } from "preact";
import { isOn, segmentsOf, type Day, type Entry, type Segment } from "./days.ts";
import type { Locale } from "./kit.ts";
import "./timetable.css";

export interface Column {
  day: Day;
  head: string;
  entries: Entry[];
}

interface Props {
  columns: Column[];
  locale: Locale;
  now?: { day: Day; minute: number };
  /** Draws one entry; one of a whole day has no time. */
  block(entry: Entry, time?: string): ComponentChildren;
}

/** Draw days side by side; `data-day`, `data-first` and `data-last` say which day and minutes a column shows. */
export function Timetable({ columns, locale, now, block }: Props) {
  const drawn = columns.map(({ day, entries }) => segmentsOf(entries, day));
  const first = Math.min(8, ...drawn.flat().map(({ from }) => Math.floor(from / 60)));
  const last = Math.max(18, ...drawn.flat().map(({ to }) => Math.ceil(to / 60)));
  const hours = Array.from({ length: last - first }, (_, at) => first + at);
  const place = (minute: number) => `${((minute - first * 60) / ((last - first) * 60)) * 100}%`;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Timetable">
      <div class="grid" style={{ "--columns": columns.length, "--hours": hours.length }}>
        <div class="corner" />
        {columns.map(({ day, head }) => (
          <div key={day + head} class="head">
            <h2>{head}</h2>
            {day === now?.day && <span class="today">Today</span>}
          </div>
        ))}
        <div class="side">All day</div>
        {columns.map(({ day, head, entries }) => (
          <div key={day + head} class="allday">
            {entries.filter((entry) => entry.from === undefined && isOn(entry, day)).map((entry) => block(entry))}
          </div>
        ))}
        <div class="hours" aria-hidden="true">
          {hours.map((hour) => (
            <div key={hour}>
              <bdi dir="ltr">{locale.time(hour * 60)}</bdi>
            </div>
          ))}
        </div>
        {columns.map(({ day, head }, at) => (
          <div key={day + head} class="column" data-day={day} data-first={first * 60} data-last={last * 60}>
            {(drawn[at] ?? []).map((segment) => (
              <div key={segment.entry.id + segment.from + segment.lane} class="place" style={placeOf(segment, place)}>
                {block(segment.entry, timesOf(segment.entry, locale))}
              </div>
            ))}
            {day === now?.day && now.minute >= first * 60 && now.minute <= last * 60 && (
              <div class="now" style={{ top: place(now.minute) }}>
                <span class="quiet">Now: {locale.time(now.minute)}</span>
              </div>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

const placeOf = ({ from, to, lane, lanes }: Segment, place: (minute: number) => string) => ({
  top: place(from),
  bottom: `calc(100% - ${place(to)})`,
  insetInlineStart: `${(lane / lanes) * 100}%`,
  inlineSize: `${100 / lanes}%`,
});

/** Return from when until when an entry is; nothing for whole days. */
export function timesOf({ from, to, first, last }: Entry, locale: Locale): string {
  if (from === undefined) return "";
  const end = locale.time(to ?? from);
  return `${locale.time(from)} – ${last > first ? `${locale.day(last, { weekday: "short" })} ${end}` : end}`;
}
