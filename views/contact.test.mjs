// A contact's fields as people read them, and the addresses that a view may open: `node --test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { groupsOf, labelOf, nameOf, textOf } = await source("contact");
const { recordAddress } = await source("links");
const words = { day: (day) => `day ${day}`, time: (minute) => `minute ${minute}` };
const shown = (record) => Object.fromEntries(groupsOf(record, words).map(({ title, pairs }) => [title, pairs]));

test("fields stand in groups, an address in lines, and no Id beside the name that it stands for", () => {
  const record = {
    Id: "003", Name: "Ada Ode", LastName: "Ode", Email: "ada@example.com", AccountId: "001", "Account.Name": "Alder",
    ReportsToId: "0032", MailingStreet: "1 Quay", MailingPostalCode: "3011", MailingCity: "Rotterdam", MailingCountry: "Netherlands",
    Shoe_Size__c: 41, Plan__c: "a01", "Plan__r.Name": "Gold", DoNotCall: true, CreatedDate: "2026-11-24T11:58:59Z",
  };
  assert.deepEqual(shown(record), {
    "Phone and e-mail": [["Email", "ada@example.com"]],
    Work: [["Account", "Alder"]],
    Addresses: [["Mailing address", "1 Quay\n3011 Rotterdam\nNetherlands"]],
    "More fields": [["Reports to id", "0032"], ["Shoe size", "41"], ["Plan", "Gold"], ["Do not call", "Yes"]],
    Record: [["Created date", "day 2026-11-24, minute 718 UTC"]],
  });
  assert.deepEqual([nameOf(record), nameOf({ FirstName: "Ada", LastName: "Ode" }), nameOf({})], ["Ada Ode", "Ada Ode", "Contact"]);
});

test("names are words, and values are text in the zone that they came in", () => {
  assert.deepEqual(["LeadSource", "IsEmailBounced", "Account.Industry", "Last_VIP_Call__c", "X"].map(labelOf),
    ["Lead source", "Is email bounced", "Account industry", "Last VIP call", "X"]);
  assert.deepEqual(["1960-01-01", "2026-11-24T09:30:00-05:00", null, false, { city: "Bonn" }, "2026"].map((each) => textOf(each, words)),
    ["day 1960-01-01", "day 2026-11-24, minute 570 UTC-05:00", "(empty)", "No", "city: Bonn", "2026"]);
});

test("a record is opened in the org that the server names, over https, and nowhere else", () => {
  const id = "003lo0000000001AAA";
  assert.equal(recordAddress("https://aldernwood.my.salesforce.com", id), `https://aldernwood.my.salesforce.com/${id}`);
  assert.equal(recordAddress("https://someone:secret@aldernwood.my.salesforce.com/path", id), `https://aldernwood.my.salesforce.com/${id}`);
  for (const org of ["http://127.0.0.1:1", "javascript:alert(1)", "aldernwood", "", undefined]) assert.equal(recordAddress(org, id), undefined);
  for (const wrong of ["../003lo00000000", "//example.com/abcd", "", undefined, `${id}?`]) {
    assert.equal(recordAddress("https://aldernwood.my.salesforce.com", wrong), undefined);
  }
});
