// The lines in which the server tells of bad rows: `node --test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { problemOf } = await source("problems");

test("rows and their cells are read from the end of a line", () => {
  assert.deepEqual(problemOf("Email: Is not an e-mail address. Rows 71 'ada at acme', 90 'b@@c' and 12 more"), {
    words: "Email: Is not an e-mail address.",
    field: "Email",
    rows: [{ row: 71, cell: "ada at acme" }, { row: 90, cell: "b@@c" }],
    more: 12,
  });
  assert.deepEqual(problemOf("LastName: Is required. Row 20"), {
    words: "LastName: Is required.",
    field: "LastName",
    rows: [{ row: 20 }],
    more: 0,
  });
  assert.deepEqual(problemOf("Row 3 is the same. Rows 5, 8"), {
    words: "Row 3 is the same.",
    field: "",
    rows: [{ row: 5 }, { row: 8 }],
    more: 0,
  });
});

test("a cell is what it is, whatever stands in it", () => {
  const cells = { [`"it's, 9 and 3 more"`]: "it's, 9 and 3 more", "'a\\\\b\\'\"'": "a\\b'\"", "'x\\n\\u2028\\x00'": "x\n\u2028\u0000" };
  for (const [quoted, cell] of Object.entries(cells)) {
    assert.deepEqual(problemOf(`Name: Is wrong. Rows 1 ${quoted}, 2 'b'`).rows, [{ row: 1, cell }, { row: 2, cell: "b" }]);
  }
});

test("a line of another form is shown as it is", () => {
  assert.deepEqual(problemOf("and 4 more kinds"), { words: "and 4 more kinds", field: "", rows: [], more: 0 });
});
