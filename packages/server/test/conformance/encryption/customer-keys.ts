/** M.4: SSE-C. */
import assert from "node:assert/strict";
import {
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { call, type Headers } from "../call.ts";
import { bare, encryptionOf, ok, refused, shows, ssec } from "../expect.ts";
import { CMK1, SLOW } from "../world.ts";
import { postForm } from "./form.ts";
import { readRanges, Upload, uploadInParts } from "./multipart.ts";
import {
  c3,
  type Case,
  etagOf,
  HELLO_MD5,
  K1,
  K16,
  K2,
  K24,
  MIB,
  roundTrip,
  row,
  type Row,
  SIZES,
  SSE,
  sse,
  triple,
} from "./row.ts";

const SHOWN = ssec(K1.md5);
const must = (what: string) => ({
  message: `Requests specifying Server Side Encryption with Customer provided keys must ${what}`,
  ArgumentName: SSE,
});
const BAD_MD5 = {
  message: "The calculated MD5 hash of the key did not match the hash that was provided.",
  ArgumentName: SSE,
};
const INCOMPATIBLE =
  "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
const BAD_ALGORITHM = {
  message: "The Encryption request you specified is not valid. Supported value: AES256.",
  ArgumentName: SSE,
  ArgumentValue: "KMS",
};
const STORED_ENCRYPTED = {
  message:
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
};
const PART_NEEDS_KEY = { message: "The multipart upload initiate requested encryption." };

async function stored(c: Case): Promise<Case> {
  shows(await c.put(c3(K1)), SHOWN);
  return c;
}
const attributes = (c: Case, headers: Headers = {}) =>
  call(c.s3, new GetObjectAttributesCommand({ ...c.at, ObjectAttributes: ["ETag", "ObjectSize"] }), headers);

/** Headers that the SDK would complete go over the wire as they are. */
const rawPut = (c: Case, headers: Headers) => c.raw("PUT", "", headers, "hello");

export const CUSTOMER_KEYS: readonly Row[] = [
  row(59, "PUT and GET with K1, by size", async (c) => {
    for (const size of SIZES) await roundTrip(c, size, c3(K1), (a) => shows(a, SHOWN), c3(K1));
    const put = await c.put(c3(K1));
    assert.notEqual(etagOf(put), HELLO_MD5);
    shows(await c.head(c3(K1)), SHOWN);
  }),
  row(60, "the same PUT twice: two ETags", async (c) => {
    assert.notEqual(etagOf(await c.put(c3(K1))), etagOf(await c.put(c3(K1))));
  }),
  row(61, "GET and HEAD without a key", async (plain) => {
    const c = await stored(plain);
    refused(await c.get(), 400, "InvalidRequest", STORED_ENCRYPTED);
    bare(await c.head(), 400);
  }),
  row(62, "GET and HEAD with K2", async (plain) => {
    const c = await stored(plain);
    refused(await c.get(c3(K2)), 403, "AccessDenied", {
      message: must("provide the correct secret key.").message,
    });
    bare(await c.head(c3(K2)), 403);
  }),
  row(63, "GET with a key of 16 bytes and its MD5", async (plain) => {
    refused(await (await stored(plain)).get(c3(K16)), 403, "AccessDenied");
  }),
  row(64, "GET without the key's MD5", async (plain) => {
    const c = await stored(plain);
    const got = await c.raw("GET", "", triple({ ca: "AES256", ck: K1.key }));
    shows(got, SHOWN);
    assert.equal(got.text, "hello");
  }),
  row(65, "GET and HEAD with the algorithm KMS", async (plain) => {
    const c = await stored(plain);
    const headers = triple({ ca: "KMS", ck: K1.key, cm: K1.md5 });
    refused(await c.get(headers), 400, "InvalidEncryptionAlgorithmError", BAD_ALGORITHM);
    bare(await c.head(headers), 400);
  }),
  row(66, "PUT with a wrong MD5", async (c) => {
    const headers = triple({ ca: "AES256", ck: K1.key, cm: "AAAAAAAAAAAAAAAAAAAAAA==" });
    refused(await c.put(headers), 400, "InvalidArgument", BAD_MD5);
  }),
  row(67, "PUT without MD5", async (c) => {
    const details = must("provide the client calculated MD5 of the secret key.");
    refused(await rawPut(c, triple({ ca: "AES256", ck: K1.key })), 400, "InvalidArgument", details);
  }),
  row(68, "PUT with the algorithm only", async (c) => {
    const details = must("provide an appropriate secret key.");
    refused(await rawPut(c, triple({ ca: "AES256" })), 400, "InvalidArgument", details);
  }),
  row(69, "PUT without the algorithm", async (c) => {
    const details = must("provide a valid encryption algorithm.");
    refused(await rawPut(c, triple({ ck: K1.key, cm: K1.md5 })), 400, "InvalidArgument", details);
  }),
  row(70, "PUT with a key of 16 bytes and its MD5", async (c) => {
    refused(await c.put(c3(K16)), 400, "InvalidArgument", {
      message: "The secret key was invalid for the specified algorithm.",
    });
  }),
  row(71, "PUT with a key of 24 bytes and a wrong MD5", async (c) => {
    const headers = triple({ ca: "AES256", ck: K24.key, cm: K1.md5 });
    refused(await c.put(headers), 400, "InvalidArgument", BAD_MD5);
  }),
  row(72, "PUT with the algorithm KMS", async (c) => {
    const headers = triple({ ca: "KMS", ck: K1.key, cm: K1.md5 });
    refused(await c.put(headers), 400, "InvalidEncryptionAlgorithmError", BAD_ALGORITHM);
  }),
  row(73, "PUT with SSE and K1", async (c) => {
    for (const [headers, ArgumentValue] of [
      [sse("AES256"), "AES256"],
      [sse("aws:kms", CMK1), "aws:kms"],
    ] as const) {
      const details = { message: INCOMPATIBLE, ArgumentName: SSE, ArgumentValue };
      refused(await c.put({ ...headers, ...c3(K1) }), 400, "InvalidArgument", details);
    }
  }),
  row(74, "PUT with SSE and a bad customer algorithm: the first is at fault", async (c) => {
    const headers = { ...sse("AES256"), ...triple({ ca: "KMS", ck: K1.key, cm: K1.md5 }) };
    refused(await c.put(headers), 400, "InvalidArgument", { message: INCOMPATIBLE });
  }),
  row(75, "GET and HEAD of another object with K1", async (c) => {
    await c.put();
    const message = "The encryption parameters are not applicable to this object.";
    refused(await c.get(c3(K1)), 400, "InvalidRequest", { message });
    bare(await c.head(c3(K1)), 400);
    refused(await c.named("missing").get(c3(K1)), 404, "NoSuchKey");
  }),
  row(76, "GetObjectAttributes without and with K1", async (plain) => {
    const c = await stored(plain);
    refused(await attributes(c), 400, "InvalidRequest", STORED_ENCRYPTED);
    const shown = ok(await attributes(c, c3(K1)));
    assert.deepEqual(encryptionOf(shown), {});
    assert.equal(shown.output?.ObjectSize, 5);
    assert.equal(shown.element("ETag"), etagOf(await c.head(c3(K1))));
  }),
  row(77, "DELETE without a key", async (plain) => {
    const c = await stored(plain);
    ok(await call(c.s3, new DeleteObjectCommand(c.at)), 204);
    refused(await c.get(c3(K1)), 404, "NoSuchKey");
  }),
  row(78, "versions with keys of their own", async (plain) => {
    const c = await plain.apart("Enabled");
    const first = await c.put(c3(K1), "one");
    await c.put(c3(K2), "two");
    const VersionId = first.headers["x-amz-version-id"] ?? "";
    assert.equal(ok(await c.get(c3(K1), { VersionId })).text, "one");
    assert.equal(ok(await c.get(c3(K2))).text, "two");
    refused(await c.get(c3(K1)), 403, "AccessDenied");
    refused(await c.get(c3(K2), { VersionId }), 403, "AccessDenied");
  }),
  row(79, "multipart with K1 on create and parts; ranges across the seams", async (plain) => {
    const c = await plain.apart();
    const size = SLOW ? 30 * MIB : 11 * MIB;
    for (const partSize of SLOW ? [5 * MIB, 5 * MIB + 1] : [5 * MIB + 1]) {
      const { body } = await uploadInParts(
        c,
        size,
        partSize,
        c3(K1),
        (a, step) => shows(a, step === "complete" ? {} : SHOWN),
        c3(K1),
      );
      const got = await c.get(c3(K1));
      shows(got, SHOWN);
      assert.ok(got.body.equals(body));
      const widths = SLOW
        ? [1_000_000, 10_000_000, partSize - 1, partSize, partSize + 1]
        : [partSize - 1, partSize];
      for (const width of widths) await readRanges(c, body, width, c3(K1));
      const listed = ok(await call(c.s3, new ListObjectsV2Command({ Bucket: c.bucket })));
      assert.equal(listed.output?.Contents?.[0]?.Size, size);
    }
  }),
  row(80, "a part without its key; a part with one on a plain upload", async (c) => {
    const encrypted = await Upload.begin(c, c3(K1));
    refused(await encrypted.part(1, "hello"), 400, "InvalidRequest", PART_NEEDS_KEY);
    const plain = await Upload.begin(c);
    refused(await plain.part(1, "hello", c3(K1)), 400, "InvalidRequest", PART_NEEDS_KEY);
  }),
  row(81, "a part with K2", async (c) => {
    const upload = await Upload.begin(c, c3(K1));
    refused(await upload.part(1, "hello", c3(K2)), 400, "InvalidRequest", {
      message: "The provided encryption parameters did not match the ones used originally.",
    });
  }),
  row(82, "a part with K1 and a wrong MD5", async (c) => {
    const upload = await Upload.begin(c, c3(K1));
    const headers = triple({ ca: "AES256", ck: K1.key, cm: K2.md5 });
    refused(await upload.part(1, "hello", headers), 400, "InvalidArgument", BAD_MD5);
  }),
  row(83, "Complete without a key of an upload without a checksum", async (plain) => {
    const c = plain.as(plain.w.client({ checksums: false }));
    const upload = await Upload.begin(c, c3(K1));
    ok(await upload.part(1, "hello", c3(K1)));
    shows(await upload.complete(), {});
    assert.equal((await c.get(c3(K1))).text, "hello");
  }),
  row(84, "Complete of an upload with a checksum: without a key, then with K1", async (c) => {
    const algorithm = { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" };
    const upload = await Upload.begin(c, { ...c3(K1), ...algorithm });
    ok(await upload.part(1, "hello", c3(K1)));
    assert.equal((await upload.complete()).status, 400);
    const completed = await upload.complete(c3(K1));
    shows(completed, {});
    assert.equal(completed.output?.ChecksumCRC32, "NhCmhg==");
  }),
  row(85, "ListParts without a key", async (plain) => {
    const c = plain.as(plain.w.client({ checksums: false }));
    const upload = await Upload.begin(c, c3(K1));
    ok(await upload.part(1, "hello", c3(K1)));
    assert.equal(ok(await upload.list()).output?.Parts?.length, 1);
  }),
  row(86, "a multipart object read with K2", async (c) => {
    const upload = await Upload.begin(c, c3(K1));
    await upload.part(1, "hello", c3(K1));
    ok(await upload.complete(c3(K1)));
    refused(await c.get(c3(K2)), 403, "AccessDenied");
  }),
  row(87, "HEAD and GET by part number; of part 1 before Complete", async (plain) => {
    const c = await plain.apart();
    const upload = await Upload.begin(c, c3(K1));
    await upload.part(1, Buffer.alloc(5 * MIB, "1"), c3(K1));
    await upload.part(2, Buffer.from("22"), c3(K1));
    refused(await c.get(c3(K1), { PartNumber: 1 }), 404, "NoSuchKey");
    const completed = ok(await upload.complete(c3(K1)));
    for (const [PartNumber, size] of [
      [1, 5 * MIB],
      [2, 2],
    ] as const) {
      for (const answer of [await c.get(c3(K1), { PartNumber }), await c.head(c3(K1), { PartNumber })]) {
        shows(ok(answer, 206), SHOWN);
        assert.equal(answer.headers["content-length"], String(size));
        assert.equal(answer.headers["x-amz-mp-parts-count"], "2");
        assert.equal(answer.headers["etag"], completed.output?.ETag);
      }
    }
    refused(await c.get(c3(K1), { PartNumber: 3 }), 416, "InvalidPartNumber", {
      message: "The requested partnumber is not satisfiable",
      ActualPartCount: "2",
      PartNumberRequested: "3",
    });
  }),
  row(88, "POST form with the key's fields in the policy", async (c) => {
    const fields = Object.entries(c3(K1));
    const posted = await postForm(c.w.wire, {
      bucket: c.bucket,
      fields: [["key", c.key], ...fields],
      conditions: fields.map(([name]) => ["starts-with", `$${name}`, ""]),
    });
    shows(ok(posted, 204), SHOWN);
    assert.equal((await c.get(c3(K1))).text, "hello");
  }),
  row(89, "PUT over plain HTTP, except on loopback itself", async (c) => {
    const plain = c.as(c.w.plain);
    shows(await plain.put(c3(K1)), SHOWN);
    const details = must("be made over a secure connection.").message;
    const forwarded = { ...c3(K1), "x-forwarded-for": "192.0.2.1" };
    refused(await plain.put(forwarded), 400, "InvalidArgument", { message: details });
    refused(await plain.get(forwarded), 400, "InvalidArgument", { message: details });
  }),
  row(90, "presigned PUT signed for the algorithm; an SSE header that is not signed", async (c) => {
    const { [`${SSE}-customer-algorithm`]: ca = "", ...rest } = c3(K1);
    const algorithm = { [`${SSE}-customer-algorithm`]: ca };
    const all = Object.fromEntries(Object.entries(c3(K1)));
    const send = (path: string, headers: Headers) =>
      c.w.wire.send({ method: "PUT", path, headers, body: "hello", sign: false });
    shows(await send(c.w.wire.presign("PUT", c.path, { signed: all }), all), SHOWN);
    const target = c.w.wire.presign("PUT", c.path, { signed: algorithm });
    refused(await send(target, { ...all, ...sse("AES256") }), 403, "AccessDenied", {
      message: "There were headers present in the request which were not signed",
    });
    assert.ok(Object.keys(rest).length === 2);
  }),
  row(91, "PUT without a checksum; HEAD in checksum mode shows CRC64NVME of the plaintext", async (plain) => {
    const c = plain.as(plain.w.client({ checksums: false }));
    shows(await c.put(c3(K1)), SHOWN);
    const command = new HeadObjectCommand({ ...c.at, ChecksumMode: "ENABLED" });
    const head = ok(await call(c.s3, command, c3(K1)));
    assert.equal(head.headers["x-amz-checksum-crc64nvme"], "M3eFcAZSQlc=");
    assert.equal(head.headers["x-amz-checksum-type"], "FULL_OBJECT");
  }),
];
