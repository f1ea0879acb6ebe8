// The arithmetic of days and lanes: `node --test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const days = await source("days");

const COLUMNS = ["Id", "Subject", "start.local", "end.local", "Owner.Name"];
const entries = (...times) =>
  days.entriesOf({ columns: COLUMNS, rows: times.map(([start, end], at) => [`${at}`, `${at}`, start, end, "Nora"]) });
const lanes = (found) => found.map(({ entry: { id }, from, to, lane, lanes: of }) => [id, from, to, lane, of]);

test("a time is the minute that the server wrote, also in an hour that the browser's clock leaves out", () => {
  const [found] = entries(["2026-03-08T02:30:00-05:00", "2026-03-08T03:00:00-05:00"]);
  assert.deepEqual([found.first, found.from, found.to], ["2026-03-08", 150, 180]);
});

test("entries that overlap stand side by side, and others have the whole width", () => {
  const day = "2026-11-24";
  const found = entries(
    [`${day}T09:00:00Z`, `${day}T10:00:00Z`],
    [`${day}T09:30:00Z`, `${day}T11:00:00Z`],
    [`${day}T10:00:00Z`, `${day}T10:30:00Z`],
    [`${day}T11:00:00Z`, `${day}T12:00:00Z`],
  );
  assert.deepEqual(lanes(days.segmentsOf(found, day)), [
    ["0", 540, 600, 0, 2],
    ["1", 570, 660, 1, 2],
    ["2", 600, 630, 0, 2],
    ["3", 660, 720, 0, 1],
  ]);
});

test("an entry over midnight has a part on each day, and none on a day that begins at its end", () => {
  const found = entries(["2026-11-24T22:00:00Z", "2026-11-25T02:00:00Z"], ["2026-11-24T20:00:00Z", "2026-11-25T00:00:00Z"]);
  assert.deepEqual(lanes(days.segmentsOf(found, "2026-11-24")).map((each) => each.slice(0, 3)), [["1", 1200, 1440], ["0", 1320, 1440]]);
  assert.deepEqual(lanes(days.segmentsOf(found, "2026-11-25")), [["0", 0, 120, 0, 1]]);
});

test("an hour that a clock says twice is never drawn backwards", () => {
  const found = entries(["2026-11-01T01:45:00-04:00", "2026-11-01T01:15:00-05:00"]);
  assert.deepEqual(lanes(days.segmentsOf(found, "2026-11-01")), [["0", 105, 120, 0, 1]]);
});

test("all-day entries cover each of their days and are no segments", () => {
  const [found] = entries(["2026-11-24", "2026-11-25"]);
  assert.deepEqual(["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"].map((day) => days.isOn(found, day)), [false, true, true, false]);
  assert.deepEqual(days.segmentsOf([found], "2026-11-24"), []);
});

test("each day has its entries, also of those that began before or end later", () => {
  const found = entries(["2026-11-20", "2026-11-24"], ["2026-11-24T22:00:00Z", "2026-11-25T00:00:00Z"], ["2026-11-25", "2026-12-24"], ["2026-12-01", "2026-12-01"]);
  const shown = [...days.byDay(found, ["2026-11-24", "2026-11-25"])].map(([day, of]) => [day, of.map(({ id }) => id)]);
  assert.deepEqual(shown, [["2026-11-24", ["0", "1"]], ["2026-11-25", ["2"]]]);
  assert.equal(days.byDay(found, []).size, 0);
});

test("weeks and months begin on the weekday of the locale", () => {
  assert.deepEqual([days.startOfWeek("2026-11-22", 0), days.startOfWeek("2026-11-22", 1)], ["2026-11-22", "2026-11-16"]);
  assert.deepEqual(days.workWeek("2026-11-24", 1), ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"]);
  assert.deepEqual(days.workWeek("2026-11-24", 1, (day) => day === "2026-11-28").at(-1), "2026-11-28");
  const month = days.monthGrid("2026-02-10", 0);
  assert.deepEqual([month[0][0], month.at(-1).at(-1), month.length], ["2026-02-01", "2026-02-28", 4]);
  assert.deepEqual([days.plusMonths("2026-01-31", 1), days.plusMonths("2026-01-31", -1)], ["2026-02-01", "2025-12-01"]);
});
