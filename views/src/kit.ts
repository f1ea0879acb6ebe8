/** What all views share: the host's theme and size, and how its locale writes times and days. */
import { useEffect, useState } from "preact/hooks";
import type { Bridge, HostContext } from "./bridge.ts";
import type { Day } from "./days.ts";
import "./kit.css";

const BACKGROUND = "--color-background-primary";
const TEXT = "--color-text-primary";

export interface Locale {
  tag: string;
  /** 0 for Sunday to 6 for Saturday. */
  firstWeekday: number;
  time(minute: number): string;
  day(day: Day, options: Intl.DateTimeFormatOptions): string;
}

/** Return how a locale writes; without one, days in English, times with 24 hours, and weeks from Monday. */
export function localeOf(wanted = ""): Locale {
  let locale: Intl.Locale;
  try {
    locale = new Intl.Locale(wanted || "en-GB");
  } catch {
    return localeOf();
  }
  const info = (locale as never as { getWeekInfo?(): { firstDay: number } }).getWeekInfo?.();
  const clock = new Intl.DateTimeFormat(locale.toString(), { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
  return {
    tag: locale.toString(),
    firstWeekday: (info?.firstDay ?? 1) % 7,
    time: (minute) => clock.format(Date.UTC(2000, 0, 1, 0, minute)),
    day: (day, options) =>
      new Intl.DateTimeFormat(locale.toString(), { ...options, timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`)),
  };
}

export const longDay = (day: Day, locale: Locale): string =>
  locale.day(day, { weekday: "long", day: "numeric", month: "long" });

/** Put on the host's theme; its colours of text and background are taken together or not at all. */
export function wear({ theme, styles, locale, containerDimensions }: HostContext): void {
  const root = document.documentElement;
  if (theme) root.style.colorScheme = theme;
  const variables = { ...styles?.variables };
  if (!variables[BACKGROUND] || !variables[TEXT]) {
    delete variables[BACKGROUND];
    delete variables[TEXT];
  }
  for (const [name, value] of Object.entries(variables)) {
    if (name.startsWith("--") && value) root.style.setProperty(name, value);
  }
  if (locale) root.dir = /^(ar|dv|fa|he|ps|sd|ug|ur|yi)\b/.test(locale) ? "rtl" : "ltr";
  const most = containerDimensions?.maxHeight;
  document.body.style.maxHeight = most ? `${most}px` : "";
}

const NARROW_PX = 560;

/** Draw again when the view becomes narrow or wide. */
export function useNarrow(): boolean {
  const isNarrow = () => document.documentElement.clientWidth < NARROW_PX;
  const [found, set] = useState(isNarrow());
  useEffect(() => {
    const watch = new ResizeObserver(() => set(isNarrow()));
    watch.observe(document.documentElement);
    return () => watch.disconnect();
  }, []);
  return found;
}

/** Tell the host the view's size, now and whenever it changes. */
export function reportSize(bridge: Bridge): void {
  const tell = () => bridge.resized(document.body.scrollWidth, Math.ceil(document.body.getBoundingClientRect().height));
  new ResizeObserver(tell).observe(document.body);
  tell();
}
