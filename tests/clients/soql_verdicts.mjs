// Reads queries, one JSON string a line, and answers each with the errors that Salesforce's own SOQL parser finds:
// a JSON list of [row, column, message] a line, counted from 1, empty for a query it takes.
import { createInterface } from "node:readline";
import soql from "@salesforce/soql-common/lib/soql-parser/index.js";

console.error = () => {}; // its lexer tells every character it drops
const parser = soql.SOQLParser({ isApex: false, isMultiCurrencyEnabled: true, apiVersion: 66 });

for await (const line of createInterface({ input: process.stdin })) {
  const result = parser.parseQuery(JSON.parse(line));
  const errors = result.getSuccess() ? [] : result.getParserErrors();
  const told = errors.map((e) => [e.getLineNumber(), e.getCharacterPositionInLine() + 1, e.getMessage()]);
  console.log(JSON.stringify(told));
}
