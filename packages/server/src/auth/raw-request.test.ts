import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeaderView } from "./headers.ts";
import { canonicalPath, canonicalQueryText, decodeCanonical } from "./percent.ts";
import { Query } from "./query.ts";
import { readRequest } from "./raw-request.ts";
import { refusal } from "./test/signer.ts";

const read = (target: string): ReturnType<typeof readRequest> =>
  readRequest("GET", target, HeaderView.fromRaw([]), false);

test("paths are decoded once and never normalised", () => {
  for (const [target, path, canonical] of [
    ["/", "/", "/"],
    ["/b/a//b/", "/b/a//b/", "/b/a//b/"],
    ["/b/a/../b", "/b/a/../b", "/b/a/../b"],
    ["/b/%2e%2E", "/b/..", "/b/.."],
    ["/b/a%2fb", "/b/a/b", "/b/a/b"],
    ["/b/a%252Fb", "/b/a%2Fb", "/b/a%252Fb"],
    ["/b/a+b%20c", "/b/a+b c", "/b/a%2Bb%20c"],
    ["/b/*!'()", "/b/*!'()", "/b/%2A%21%27%28%29"],
    ["/b/%c3%bc", "/b/ü", "/b/%C3%BC"],
    ["/b/\u00c3\u00bc", "/b/ü", "/b/%C3%BC"],
    ["/b/%EF%BB%BFk", "/b/\ufeffk", "/b/%EF%BB%BFk"],
    ["/b/%00", "/b/\0", "/b/%00"],
    ["http://host:9000/b/k?x", "/b/k", "/b/k"],
    ["https://host", "/", "/"],
  ] as const) {
    const request = read(target);
    assert.deepEqual([request.path, request.canonicalPath], [path, canonical], target);
  }
});

test("targets that are no path are refused", async () => {
  for (const target of [
    "/%",
    "/%4",
    "/%zz",
    "/%ff",
    "/%c3",
    "/%C0%AF",
    "/%ED%A0%80",
    "k",
    "/a\u0141",
    "/?%ff",
    "/?a=%",
  ]) {
    assert.equal((await refusal(() => read(target))).code, "InvalidURI", target);
  }
});

test("queries: decoded, and canonical in byte order", () => {
  const query = Query.parse("b=2&a&b=1&%61b=%2fx+y&&=v&A=a=b&é=%C3%A9".replaceAll("é", "\u00c3\u00a9"));
  assert.equal(query.canonical(), "=v&%C3%A9=%C3%A9&A=a%3Db&a=&ab=%2Fx%20y&b=1&b=2");
  assert.deepEqual(query.getAll("b"), ["2", "1"]);
  assert.deepEqual(
    [query.get("a"), query.get("ab"), query.get("A"), query.get("é")],
    ["", "/x y", "a=b", "é"],
  );
  assert.ok(query.has("a") && !query.has("c") && query.get("c") === undefined);
  assert.equal(query.canonical("ab"), "=v&%C3%A9=%C3%A9&A=a%3Db&a=&b=1&b=2");
  assert.ok(!Query.parse("a=1").has("__proto__"));
});

test("canonical form: any text survives, twice is once, fast path equals slow path", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const encoded = encodeURIComponent(text);
      for (const canonical of [canonicalPath, canonicalQueryText]) {
        const once = canonical(encoded);
        assert.equal(decodeCanonical(once), text);
        assert.equal(canonical(once), once);
        assert.equal(canonical(encoded.replaceAll(/%[0-9A-F]{2}/g, (e) => e.toLowerCase())), once);
      }
    }),
  );
});

test("headers of requests with the same names, other values, other case, another order, and a name twice", () => {
  const asked = (raw: readonly string[]): Record<string, string> =>
    Object.fromEntries(HeaderView.fromRaw(raw).entries());
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(asked(["Host", "a", "X-B", "1"]), { host: "a", "x-b": "1" });
    assert.deepEqual(asked(["Host", "b", "X-B", "2"]), { host: "b", "x-b": "2" });
    assert.deepEqual(asked(["host", "c", "X-B", "3"]), { host: "c", "x-b": "3" });
    assert.deepEqual(asked(["X-B", "4", "Host", "d"]), { "x-b": "4", host: "d" });
    assert.deepEqual(asked(["Host", "e", "HOST", "f"]), { host: "e,f" });
    assert.deepEqual(asked(["Host", "g", "Host", "h"]), { host: "g,h" });
    assert.deepEqual(asked(["Host", "i"]), { host: "i" });
    assert.deepEqual(asked([]), {});
  }
  const view = HeaderView.fromRaw(["Host", "a", "X-B", "1"]);
  const more = view.withDefaults(
    new Map([
      ["x-c", "3"],
      ["host", "no"],
    ]),
  );
  assert.deepEqual(Object.fromEntries(more.entries()), { "x-c": "3", host: "a", "x-b": "1" });
  assert.equal(view.has("x-c"), false);
  assert.equal(more.find("host"), "a");
  assert.equal(HeaderView.fromRaw(["X-C", "9", "Host", "z"]).find("x-c"), "9");
});

test("headers: case-insensitive, duplicates joined in order", () => {
  const headers = HeaderView.fromRaw(["X-A", "1", "b", "2", "x-a", "3", "__proto__", "p"]);
  assert.equal(headers.get("x-a"), "1,3");
  assert.equal(headers.get("X-A"), "1,3");
  assert.equal(headers.get("constructor"), undefined);
  assert.deepEqual([...headers.names()], ["x-a", "b", "__proto__"]);
  const more = headers.withDefaults(new Map(Object.entries({ b: "9", c: "4" })));
  assert.deepEqual(Object.fromEntries(more.entries()).b, "2");
  assert.deepEqual([more.get("c"), more.get("x-a"), headers.get("c")], ["4", "1,3", undefined]);
});
