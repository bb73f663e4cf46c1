import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDateHeader } from "./timestamp.ts";

test("a Date header is ISO basic or an RFC 1123 date in GMT, whichever way its zone is written", () => {
  for (const text of [
    "20130524T000000Z",
    "Fri, 24 May 2013 00:00:00 GMT",
    "Fri, 24 May 2013 00:00:00 -0000",
    "Fri, 24 May 2013 00:00:00 +0000",
    "Fri, 24 May 2013 00:00:00 UTC",
  ]) {
    assert.deepEqual(parseDateHeader(text), { text: "20130524T000000Z", ms: Date.UTC(2013, 4, 24) }, text);
  }
  for (const text of [
    "",
    "Fri, 24 May 2013 00:00:00 +0100",
    "Fri, 24 May 2013 00:00:00",
    "Sat, 24 May 2013 00:00:00 GMT",
    "Fri, 31 Jun 2013 00:00:00 GMT",
    "24 May 2013 00:00:00 GMT",
    "2013",
  ]) {
    assert.equal(parseDateHeader(text), undefined, text);
  }
});
