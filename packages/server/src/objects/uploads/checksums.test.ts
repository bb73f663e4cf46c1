/** Checksums on multipart uploads: which are kept, which must come, and how the object's is made of the parts'. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, type CompletePart } from "../api.ts";
import { checksumOf, isLinear } from "../checksum/algorithms.ts";
import { pattern, readInput, refused } from "../test-world.ts";
import {
  alice,
  Client,
  createInput,
  listed,
  listedWithChecksum,
  makeUploads,
  PART_MIN,
} from "./test-uploads.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const valueOf = (
  algorithm: ChecksumAlgorithm,
  bytes: Uint8Array,
): { algorithm: ChecksumAlgorithm; value: string } => ({
  algorithm,
  value: base64(checksumOf(algorithm, bytes)),
});
const PARTS = [pattern(PART_MIN, 1), pattern(PART_MIN + 13, 2), pattern(77, 3)];
const WHOLE = new Uint8Array(Buffer.concat(PARTS));

for (const algorithm of CHECKSUM_ALGORITHMS) {
  const types = [
    ...(isLinear(algorithm) ? (["FULL_OBJECT"] as const) : []),
    ...(algorithm === "CRC64NVME" ? [] : (["COMPOSITE"] as const)),
  ];
  for (const type of types) {
    test(`${algorithm} ${type}: parts are verified, and the object shows it`, async () => {
      const world = await makeUploads();
      const bucket = await world.bucket();
      const client = await Client.begin(world, bucket, "k", {
        checksumAlgorithm: algorithm,
        checksumType: type,
      });
      const list: CompletePart[] = [];
      for (const [i, bytes] of PARTS.entries()) {
        const checksum = valueOf(algorithm, bytes);
        const part = await client.put(i + 1, bytes, { checksum });
        assert.equal(part.checksum?.value, checksum.value);
        list.push(listedWithChecksum(i + 1, part));
      }
      const wrong = valueOf(algorithm, pattern(3));
      await assert.rejects(client.put(1, pattern(PART_MIN, 1), { checksum: wrong }), refused("BadDigest"));
      await assert.rejects(
        client.complete([{ partNumber: 1, etag: list[0]?.etag ?? "", checksum: wrong }]),
        refused("InvalidPart"),
      );
      const digests = Buffer.concat(PARTS.map((bytes) => checksumOf(algorithm, bytes)));
      const expected =
        type === "FULL_OBJECT" ? valueOf(algorithm, WHOLE).value : valueOf(algorithm, digests).value;
      await assert.rejects(client.complete(list, { checksum: wrong }), refused("BadDigest"));
      const other = type === "FULL_OBJECT" ? "COMPOSITE" : "FULL_OBJECT";
      await assert.rejects(client.complete(list, { checksumType: other }), refused("InvalidRequest"));
      const shown = type === "COMPOSITE" ? `${expected}-3` : expected;
      const done = await client.complete(list, { checksum: { algorithm, value: shown } });
      assert.deepEqual(done.checksum, { algorithm, type, value: shown });
      const head = await world.objects.head(alice, bucket, readInput("k", { checksumMode: true }));
      assert.ok(head.kind === "object");
      assert.deepEqual(head.checksum, done.checksum);
    });
  }
}

test("without an algorithm any part checksum is verified and returned, and the object gets CRC64NVME", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const list: CompletePart[] = [];
  for (const [i, algorithm] of (["SHA1", "CRC32", "CRC64NVME"] as const).entries()) {
    const bytes = PARTS[i] ?? WHOLE;
    const part = await client.put(i + 1, bytes, { checksum: valueOf(algorithm, bytes) });
    assert.deepEqual(part.checksum, { ...valueOf(algorithm, bytes), type: "FULL_OBJECT" });
    list.push(listedWithChecksum(i + 1, part));
  }
  const done = await client.complete(list);
  assert.deepEqual(done.checksum, { ...valueOf("CRC64NVME", WHOLE), type: "FULL_OBJECT" });
});

test("with an algorithm parts of another one are refused, and Complete names each part's", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k", { checksumAlgorithm: "SHA256" });
  const bytes = pattern(9);
  await assert.rejects(
    client.put(1, bytes, { checksum: valueOf("CRC32", bytes) }),
    refused(
      "InvalidRequest",
      "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32",
    ),
  );
  await assert.rejects(
    client.put(1, bytes),
    refused(
      "InvalidRequest",
      "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null",
    ),
  );
  const part = await client.put(1, bytes, { checksum: valueOf("SHA256", bytes) });
  await assert.rejects(
    client.complete([listed(1, part)]),
    refused(
      "InvalidRequest",
      "The upload was created using a sha256 checksum. The complete request must include",
    ),
  );
  await client.complete([listedWithChecksum(1, part)]);
});

test("combinations that cannot be are refused at Create", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const create = (change: Parameters<typeof createInput>[1]): Promise<unknown> =>
    world.uploads.create(alice, bucket, createInput("k", change));
  await assert.rejects(
    create({ checksumType: "COMPOSITE" }),
    refused("InvalidRequest", "The x-amz-checksum-type"),
  );
  await assert.rejects(
    create({ checksumAlgorithm: "SHA256", checksumType: "FULL_OBJECT" }),
    refused("InvalidRequest", "The FULL_OBJECT checksum type cannot be used with the sha256"),
  );
  await assert.rejects(
    create({ checksumAlgorithm: "CRC64NVME", checksumType: "COMPOSITE" }),
    refused("InvalidRequest", "The COMPOSITE checksum type cannot be used with the crc64nvme"),
  );
});
