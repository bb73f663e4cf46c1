/** Random uploads against a model of maps: parts sent again, lists of any choice, aborts, overwrites; in every mode. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../../base/errors.ts";
import { openTestHome } from "../../store/local/test-home.ts";
import type { Store } from "../../store/port.ts";
import { EVERY_MODE, KMS_KEY, pattern, PLAIN } from "../test-world.ts";
import { alice, Client, makeUploads } from "./test-uploads.ts";

const PART_MIN = 100;

const slot = fc.integer({ min: 0, max: 1 });
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      slot,
      mode: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("part" as const),
      slot,
      number: fc.integer({ min: 1, max: 25 }),
      size: fc.oneof(
        fc.constantFrom(0, 1, 99, 100, 101, 65_536, 65_537),
        fc.integer({ min: 100, max: 3000 }),
      ),
      seed: fc.nat(1000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("complete" as const),
      slot,
      skip: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 3 }),
      stale: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), slot }) },
);

interface Part {
  readonly bytes: Uint8Array;
  readonly etag: string;
}
interface Upload {
  readonly client: Client;
  readonly parts: Map<number, Part>;
  formerEtag: string | undefined;
}

/** What Complete must answer: a code, or the object's bytes. */
function expected(list: readonly (readonly [number, Part])[], stale: boolean): string | Uint8Array {
  if (list.length === 0) return "InvalidRequest";
  // Parts are checked in their order, each its ETag first: the stale one is the first.
  if (stale) return "InvalidPart";
  const small = list.slice(0, -1).some(([, { bytes }]) => bytes.length < PART_MIN);
  if (small) return "EntityTooSmall";
  return new Uint8Array(Buffer.concat(list.map(([, { bytes }]) => bytes)));
}

async function run(home: Store | undefined, numRuns: number): Promise<void> {
  const world = await makeUploads(home, PART_MIN);
  world.kms.create(KMS_KEY);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const bucket = await world.bucket();
      const open: (Upload | undefined)[] = [];
      let current: { readonly bytes: Uint8Array; readonly reader: Client } | undefined;
      for (const one of steps) {
        if (one.kind === "create") {
          const encryption = EVERY_MODE[one.mode] ?? PLAIN;
          const client = await Client.begin(world, bucket, "k", { encryption });
          open[one.slot] = { client, parts: new Map(), formerEtag: undefined };
          continue;
        }
        const upload = open[one.slot];
        if (upload === undefined) continue;
        const { client, parts } = upload;
        if (one.kind === "part") {
          const bytes = pattern(one.size, one.seed);
          const { etag } = await client.put(one.number, bytes);
          upload.formerEtag = parts.get(one.number)?.etag;
          parts.set(one.number, { bytes, etag });
        } else if (one.kind === "abort") {
          await client.abort();
          open[one.slot] = undefined;
        } else {
          const list = [...parts].filter(([n]) => !one.skip.includes(n)).toSorted(([a], [b]) => a - b);
          const named = list.map(([partNumber, { etag }]) => ({ partNumber, etag }));
          const [first] = named;
          const stale = one.stale && first !== undefined;
          if (stale) named[0] = { ...first, etag: "0".repeat(32) };
          const wanted = expected(list, stale);
          const result = await client.complete(named).catch((error: unknown) => error);
          if (typeof wanted === "string") {
            assert.ok(result instanceof ServiceError && result.code === wanted, String(result));
          } else {
            assert.ok(!(result instanceof Error), String(result));
            const md5 = createHash("md5");
            for (const [, { etag }] of list) md5.update(Buffer.from(etag, "hex"));
            assert.equal((result as { etag: string }).etag, `${md5.digest("hex")}-${list.length}`);
            current = { bytes: wanted, reader: client };
            open[one.slot] = undefined;
          }
        }
        if (current !== undefined) assert.deepEqual(await current.reader.read(), current.bytes);
      }
      for (const upload of open) {
        if (upload === undefined) continue;
        const page = { ...upload.client.target, after: 0, max: 1000, ssec: upload.client.ssec };
        const { parts } = await world.uploads.listParts(alice, bucket, page);
        const wanted = [...upload.parts].toSorted(([a], [b]) => a - b);
        assert.deepEqual(
          parts.map(({ partNumber, etag, size }) => [partNumber, etag, size]),
          wanted.map(([n, { etag, bytes }]) => [n, etag, bytes.length]),
        );
      }
    }),
    { numRuns },
  );
}

test("uploads behave as the model", () => run(undefined, 60));

test("uploads behave as the model over the embedded home", async () => {
  const home = await openTestHome();
  try {
    await run(home.store, 5);
  } finally {
    await home.dispose();
  }
});
