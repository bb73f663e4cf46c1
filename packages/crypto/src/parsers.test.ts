import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadVectors, unhex } from "../test/fixtures.ts";
import {
  CryptoError,
  decodeChecksums,
  decodeContext,
  decodeEnvelope,
  decodeKekReference,
  decodeManifest,
  encodeEnvelope,
  encodeKekReference,
  encodeManifest,
  canonicalContext,
  encodeChecksums,
  parseBlobHeader,
} from "./index.ts";

const envelope = loadVectors("envelope").wrap[1];
const parsers: readonly {
  readonly name: string;
  readonly good: Uint8Array;
  readonly parse: (bytes: Uint8Array) => Uint8Array | undefined;
}[] = [
  {
    name: "manifest",
    good: unhex(loadVectors("manifest").encode[1].bytes),
    parse: (b) => encodeManifest(decodeManifest(b)),
  },
  {
    name: "paged manifest",
    good: unhex(loadVectors("manifest").encode[3].bytes),
    parse: (b) => encodeManifest(decodeManifest(b)),
  },
  { name: "envelope", good: unhex(envelope.stored), parse: (b) => encodeEnvelope(decodeEnvelope(b)) },
  {
    name: "kek reference",
    good: unhex(envelope.kekReference),
    parse: (b) => encodeKekReference(decodeKekReference(b)),
  },
  {
    name: "context",
    good: unhex(loadVectors("context").encode[4].hex),
    parse: (b) => canonicalContext(decodeContext(b)),
  },
  {
    name: "checksums",
    good: unhex(loadVectors("part-checksums").encoded),
    parse: (b) => (b.length === 0 ? b : encodeChecksums(decodeChecksums(b))),
  },
  {
    name: "KMS blob header",
    good: unhex(loadVectors("kms-blob").seal[0].blob),
    parse: (b) => {
      parseBlobHeader(b);
      return undefined;
    },
  },
];

for (const { name, good, parse } of parsers) {
  // One encoding a value: whatever decodes, encodes to the same bytes. Everything else is a CryptoError, never a crash.
  const holds = (bytes: Uint8Array): void => {
    let again: Uint8Array | undefined;
    try {
      again = parse(bytes);
    } catch (error) {
      assert.ok(error instanceof CryptoError, String(error));
      return;
    }
    if (again !== undefined) assert.deepEqual(again, bytes);
  };
  test(`${name}: any bytes decode canonically or fail with a code`, () => {
    holds(good);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), holds), { numRuns: 300 });
    const at = fc.nat({ max: good.length - 1 });
    const edits = fc.array(fc.tuple(at, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat({ max: good.length }), fc.boolean(), (changes, cut, whole) => {
        const bytes = new Uint8Array(whole ? good : good.subarray(0, cut));
        for (const [where, value] of changes) if (where < bytes.length) bytes[where] = value;
        holds(bytes);
      }),
      { numRuns: 1500 },
    );
  });
}
