/** Properties: any flip, cut, swap or insertion, anywhere, is a named error and never wrong plaintext. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { S3EncryptionError } from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import { client, get, PERMISSIVE, put, V2 } from "./support.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
});
after(() => fake.close());

const NAMES = [
  "SecurityError",
  "MetadataError",
  "UnwrapError",
  "NotEncryptedError",
  "LegacyDisabledError",
  "EncryptionContextError",
];

/** Either the true plaintext (the change did not matter) or one of our errors; nothing else. */
async function readsTrueOrFails(options: object, expected: string, mayBeTrue: boolean): Promise<void> {
  try {
    const got = (await get(client(fake, options), "k")).toString("latin1");
    assert.ok(mayBeTrue && got === expected, "a changed object was read");
  } catch (error) {
    assert.ok(error instanceof S3EncryptionError, String(error));
    assert.ok(NAMES.includes(error.name), error.code);
  }
}

function change(value: Uint8Array, kind: string, at: number, by: number): Buffer {
  const bytes = Buffer.from(value);
  const i = bytes.length === 0 ? 0 : at % bytes.length;
  if (kind === "cut") return bytes.subarray(0, i);
  if (kind === "drop") return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)]);
  if (kind === "insert") return Buffer.concat([bytes.subarray(0, i), Buffer.of(by), bytes.subarray(i)]);
  if (kind === "swap") {
    const j = (i + 1 + (by % Math.max(1, bytes.length - 1))) % Math.max(1, bytes.length);
    [bytes[i], bytes[j]] = [bytes[j] ?? 0, bytes[i] ?? 0];
    return bytes;
  }
  bytes[i] = (bytes[i] ?? 0) ^ (by || 1);
  return bytes;
}

const kinds = fc.constantFrom("flip", "cut", "drop", "insert", "swap");
const FORMATS = [{}, V2, { writeInstructionFiles: true }, { ...V2, writeInstructionFiles: true }];

test("a changed body never gives plaintext, in any format or mode", async () => {
  const text = "a body of some length, to be changed somewhere";
  for (const options of FORMATS) {
    await put(client(fake, options), "k", text);
    const original = fake.get("k").body;
    const run = fc.asyncProperty(
      kinds,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (kind, at, by, delayed) => {
        fake.get("k").body = change(original, kind, at, by);
        const isSame = fake.get("k").body.equals(original);
        await readsTrueOrFails({ ...PERMISSIVE, enableDelayedAuthentication: delayed }, text, isSame);
      },
    );
    await fc.assert(run, { numRuns: 40 });
    fake.get("k").body = original;
  }
});

test("changed metadata or a changed instruction file never gives other plaintext", async () => {
  const text = "metadata is what changes here";
  for (const options of FORMATS) {
    await put(client(fake, options), "k", text);
    const isFile = "writeInstructionFiles" in options;
    const metadata = { ...fake.get("k").metadata };
    const file = isFile ? fake.get("k.instruction").body : undefined;
    const names = Object.keys(metadata);
    const run = fc.asyncProperty(
      kinds,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 127 }),
      async (kind, which, at, by) => {
        fake.get("k").metadata = { ...metadata };
        if (file !== undefined && (names.length === 0 || which % 2 === 0))
          fake.get("k.instruction").body = change(file, kind, at, by);
        else {
          const name = names[which % names.length] ?? "";
          const changed = change(Buffer.from(metadata[name] ?? ""), kind, at, by).toString("latin1");
          // Node refuses control characters in headers, as a real server's client would.
          if (/[^\t\x20-\x7e]/.test(changed)) return;
          fake.get("k").metadata[name] = changed;
        }
        await readsTrueOrFails(PERMISSIVE, text, true);
        if (file !== undefined) fake.get("k.instruction").body = file;
      },
    );
    await fc.assert(run, { numRuns: 60 });
    if (isFile) fake.objects.delete("b/k.instruction");
  }
});

test("envelope names of one object in another, or added or removed: never wrong plaintext", async () => {
  await put(client(fake), "one", "first object");
  await put(client(fake, V2), "two", "second object");
  await put(client(fake), "three", "third object");
  const all = ["one", "two", "three"].flatMap((key) => Object.entries(fake.get(key).metadata));
  const run = fc.asyncProperty(
    fc.subarray(all),
    fc.constantFrom("one", "two", "three"),
    async (entries, key) => {
      fake.put("k", fake.get(key).body, Object.fromEntries(entries));
      await readsTrueOrFails(
        PERMISSIVE,
        { one: "first object", two: "second object", three: "third object" }[key] ?? "",
        true,
      );
    },
  );
  await fc.assert(run, { numRuns: 200 });
});

test("round trip: any body in any format, on any platform", async () => {
  const { webPlatform } = await import("./support.ts");
  const bodies = fc.uint8Array({ maxLength: 300 });
  const run = fc.asyncProperty(
    bodies,
    fc.constantFrom(...FORMATS),
    fc.boolean(),
    fc.boolean(),
    async (body, format, a, b) => {
      await put(client(fake, { ...format, ...(a && { platform: webPlatform }) }), "k", body);
      const reader = client(fake, { ...PERMISSIVE, ...(b && { platform: webPlatform }) });
      assert.ok((await get(reader, "k")).equals(body));
      fake.objects.clear();
    },
  );
  await fc.assert(run, { numRuns: 40 });
});
