// The objects around an object, from what a describe says of its fields: `node --test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { childrenOf, fieldsOf, matches, parentsOf, targetsOf } = await source("relations");
const fields = fieldsOf({
  columns: ["name", "type", "label", "flags"],
  rows: [
    ["AccountId", "reference Account", "", ""],
    ["OwnerId", "reference User", "", ""],
    ["CreatedById", "reference User", "", "read-only"],
    ["WhoId", "reference Contact|Lead|4 more as Who", "Name ID", ""],
    ["LeadSource", "picklist", "Where from", "required"],
  ],
});

test("a parent stands once, with each field that refers to it", () => {
  assert.deepEqual(parentsOf(fields), [
    { sobject: "Account", by: ["AccountId"] },
    { sobject: "User", by: ["OwnerId", "CreatedById"] },
    { sobject: "Contact", by: ["WhoId"] },
    { sobject: "Lead", by: ["WhoId"] },
  ]);
  assert.deepEqual(["picklist", "reference Shop__c as Branch__r", "text 5"].map(targetsOf), [[], ["Shop__c"], []]);
});

test("of the children, those that Salesforce adds come last", () => {
  const answer = { columns: ["children", "sobject", "field"], rows: [["Shares", "ContactShare", "ContactId"], ["Cases", "Case", "ContactId"]] };
  assert.deepEqual(childrenOf(answer).map(({ sobject }) => sobject), ["Case", "ContactShare"]);
});

test("a search is for every word, in name, label, type or flags", () => {
  const found = (text) => fields.filter((field) => matches(field, text)).map(({ name }) => name);
  assert.deepEqual([found("where PICK"), found("required"), found("user read-only"), found("nothing"), found("").length],
    [["LeadSource"], ["LeadSource"], ["CreatedById"], [], 5]);
});
