import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { ChunkedDecoder } from "./aws-chunked.ts";
import { HeaderView } from "./headers.ts";
import { payloadMode, storedContentEncoding } from "./payload-mode.ts";
import { openBody, type RequestBody } from "./request-body.ts";
import { chunkedMode, newChain, open, wire, type WirePlan } from "./test/chunks.ts";
import { refusal } from "./test/signer.ts";

/** What is refused at once rejects, too. */
const collected = async (body: RequestBody): Promise<Uint8Array> => body.collect();
const SMALL = Buffer.from("hello, chunks");
const BIG = randomBytes(8192);
const PLANS: readonly WirePlan[] = [
  { signed: true, chunks: [] },
  { signed: true, chunks: [BIG, SMALL] },
  { signed: true, chunks: [SMALL], trailers: [["x-amz-checksum-crc32c", "sOO8/Q=="]] },
  { signed: false, chunks: [BIG, BIG, SMALL], trailers: [["x-amz-checksum-crc32", "AAAAAA=="]] },
  { signed: false, chunks: [], trailers: [["x-amz-checksum-crc32", "AAAAAA=="]] },
];

test("chunked bodies decode, cut at every byte", () => {
  for (const plan of PLANS) {
    const encoded = wire(plan);
    const expected = Buffer.concat(plan.chunks);
    const cuts =
      encoded.length > 400 ? [...Array(200).keys(), ...lastCuts(encoded.length)] : [...encoded.keys()];
    for (const cut of cuts) {
      const decoder = new ChunkedDecoder(chunkedMode(plan));
      const out: Uint8Array[] = [];
      decoder.push(encoded.subarray(0, cut), out);
      decoder.push(encoded.subarray(cut), out);
      decoder.end();
      assert.ok(Buffer.concat(out).equals(expected));
      assert.deepEqual([...decoder.trailers()], plan.trailers ?? []);
    }
  }
});
const lastCuts = (size: number): number[] => Array.from({ length: 250 }, (_, i) => size - i);

test("chunked bodies decode byte by byte", () => {
  for (const plan of PLANS) {
    const decoder = new ChunkedDecoder(chunkedMode(plan));
    const out: Uint8Array[] = [];
    for (const byte of wire(plan)) decoder.push(Uint8Array.of(byte), out);
    decoder.end();
    assert.ok(Buffer.concat(out).equals(Buffer.concat(plan.chunks)));
  }
});

test("chunked bodies truncated anywhere are refused", () => {
  for (const plan of PLANS) {
    const encoded = wire(plan);
    for (let size = 0; size < encoded.length; size += size < 200 || size > encoded.length - 300 ? 1 : 97) {
      const decoder = new ChunkedDecoder(chunkedMode(plan));
      decoder.push(encoded.subarray(0, size), []);
      // The last line end says nothing: the end of the input stands for it.
      if (size === encoded.length - 2) {
        decoder.end();
        continue;
      }
      assert.throws(
        () => decoder.end(),
        (e) => e instanceof ServiceError && e.code === "IncompleteBody",
      );
    }
  }
});

test("signed chunks: any changed byte is refused", () => {
  const plan: WirePlan = {
    signed: true,
    chunks: [BIG, SMALL],
    trailers: [["x-amz-checksum-crc32c", "sOO8/Q=="]],
  };
  const encoded = wire(plan);
  fc.assert(
    fc.property(fc.nat({ max: encoded.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const changed = Buffer.from(encoded);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      // The case of a hex size and of a field's name, and blanks around a value, say nothing.
      if (changed.toString("latin1").toLowerCase() === encoded.toString("latin1").toLowerCase()) {
        const text = encoded.toString("latin1");
        const inData = at >= text.indexOf("\r\n") + 2 && at < text.indexOf("x-amz-checksum");
        const secondSize = text.indexOf(`\r\n${SMALL.length.toString(16)};`) + 2;
        if (!inData || at === secondSize) return;
      }
      const decoder = new ChunkedDecoder(chunkedMode(plan));
      assert.throws(() => {
        decoder.push(changed, []);
        decoder.end();
      }, ServiceError);
    }),
    { numRuns: 3000, examples: [[8281, 5]] },
  );
});

const TRAILER = { trailing: true, trailers: ["x-amz-checksum-crc32"] } as const;
const PLAIN = { trailing: false, trailers: [] } as const;
const DATA = "a".repeat(5);

test("hostile framing", async () => {
  for (const [text, mode, code] of [
    ["", PLAIN, "IncompleteBody"],
    ["5\r\naaaaa\r\n0", PLAIN, "IncompleteBody"],
    ["5\r\naaaaa\r\n0\r\n\r", PLAIN, "IncompleteBody"],
    ["5\r\naaaaa\r\n0\r\n", TRAILER, "IncompleteBody"],
    [`5\r\naaaaa\r\n0\r\n\r\n${"x".repeat(20_000)}`, PLAIN, "IncompleteBody"],
    ["5\r\naaaaaX\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["5\naaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["6\r\naaaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["4\r\naaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["-5\r\naaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["0x5\r\naaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    [" 5\r\naaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["\r\n5\r\naaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    ["fffffffffffffffff\r\n", PLAIN, "IncompleteBody"],
    ["ffffffffffffffff\r\n", PLAIN, "IncompleteBody"],
    ["5;ext=1\r\naaaaa\r\n0\r\n\r\n", PLAIN, "IncompleteBody"],
    [`5;chunk-signature=${"0".repeat(64)}\r\naaaaa\r\n0\r\n\r\n`, PLAIN, "IncompleteBody"],
    ["5".repeat(4000), PLAIN, "IncompleteBody"],
    ["5\r\naaaaa\r\n0\r\na:b\r\n\r\n", PLAIN, "IncompleteBody"],
    ["2\r\naa\r\n3\r\naaa\r\n0\r\n\r\n", PLAIN, "InvalidChunkSizeError"],
    ["5\r\naaaaa\r\n0\r\n\r\n", TRAILER, "MalformedTrailerError"],
    ["5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32\r\n\r\n", TRAILER, "MalformedTrailerError"],
    ["5\r\naaaaa\r\n0\r\n:AAAAAA==\r\n\r\n", TRAILER, "MalformedTrailerError"],
    ["5\r\naaaaa\r\n0\r\nx-amz-checksum-sha1:AAAAAA==\r\n\r\n", TRAILER, "MalformedTrailerError"],
    [
      "5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32:A\r\nx-amz-checksum-crc32:A\r\n\r\n",
      TRAILER,
      "MalformedTrailerError",
    ],
    ["5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32:A\n\r\n", TRAILER, "IncompleteBody"],
    [`5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32:${"A".repeat(9000)}\r\n\r\n`, TRAILER, "MalformedTrailerError"],
    [`5\r\naaaaa\r\n0\r\n${"x-amz-checksum-crc32:A\r\n".repeat(900)}\r\n`, TRAILER, "MalformedTrailerError"],
    [
      "5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32:A\r\nx-amz-trailer-signature:0\r\n\r\n",
      TRAILER,
      "MalformedTrailerError",
    ],
  ] as const) {
    const body = open(
      { kind: "chunked", size: DATA.length, wireSize: undefined, ...mode },
      Buffer.from(text),
    );
    assert.equal((await refusal(collected(body))).code, code, JSON.stringify(text.slice(0, 60)));
  }
});

/** Seen on S3: test_input_errors.py of OpenStack Swift, which its authors run against S3 as well. */
test("what S3 passes over", async () => {
  const bare = { kind: "chunked", size: 5, wireSize: undefined, ...PLAIN } as const;
  const checked = { ...bare, ...TRAILER };
  for (const [text, mode] of [
    ["5\r\naaaaa\r\n0\r\n", bare],
    ["5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32: A\r\n", checked],
    ["5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32:A\r\n\r\n\r\n", checked],
    ["5\r\naaaaa\r\n0\r\nx-amz-checksum-crc32:A\r\n\r\nbonus: trailer\r\n", checked],
  ] as const) {
    const body = open(mode, Buffer.from(text));
    assert.equal(Buffer.from(await body.collect()).toString(), DATA, JSON.stringify(text));
    if (mode === checked) assert.deepEqual([...body.trailers()], [["x-amz-checksum-crc32", "A"]]);
  }
  const plan: WirePlan = { signed: true, chunks: [BIG, SMALL] };
  const spaced = wire(plan)
    .toString("latin1")
    .replaceAll(/;chunk-signature=([0-9a-f]{64})/g, " ; chunk-signature = $1 ");
  const body = open(chunkedMode(plan), Buffer.from(spaced, "latin1"));
  assert.ok(Buffer.from(await body.collect()).equals(Buffer.concat(plan.chunks)));
});

test("a body that breaks off, and one of another size than its head says", async () => {
  const mode = { kind: "chunked", size: 5, wireSize: undefined, ...PLAIN } as const;
  const broken = await refusal(collected(open(mode, Buffer.from("5\r\naaa"))));
  assert.equal(broken.message, "The request body terminated unexpectedly");
  assert.deepEqual(broken.elements, {});
  for (const [text, provided] of [
    ["4\r\naaaa\r\n0\r\n\r\n", "4"],
    ["a\r\naaaaaaaaaa\r\n0\r\n\r\n", "10"],
  ] as const) {
    const error = await refusal(collected(open(mode, Buffer.from(text))));
    assert.equal(error.code, "IncompleteBody");
    assert.deepEqual(error.elements, { NumberBytesExpected: "5", NumberBytesProvided: provided });
  }
});

test("signed: a chunk without a signature, a wrong one, a trailer without its own", async () => {
  const trailers = [["x-amz-checksum-crc32", "AAAAAA=="]] as const;
  const plan: WirePlan = { signed: true, chunks: [SMALL], trailers };
  const good = wire(plan).toString("latin1");
  for (const [text, code] of [
    [good.replaceAll(/;chunk-signature=[0-9a-f]+/g, ""), "IncompleteBody"],
    [
      good.replace(/;chunk-signature=[0-9a-f]+/, `;chunk-signature=${"0".repeat(64)}`),
      "SignatureDoesNotMatch",
    ],
    [good.replace(/x-amz-trailer-signature:.*\r\n/, ""), "IncompleteBody"],
    [good.replace(/;chunk-signature=[0-9a-f]+/, ";chunk-signature=other"), "SignatureDoesNotMatch"],
    [good.replace(/;chunk-signature=[0-9a-f]+/, ";chunk-signature="), "IncompleteBody"],
    [
      good.replace(/x-amz-trailer-signature:[0-9a-f]+/, `x-amz-trailer-signature:${"0".repeat(64)}`),
      "SignatureDoesNotMatch",
    ],
    [good.replace("AAAAAA==", "AAAAAB=="), "SignatureDoesNotMatch"],
    [good.replace(/(x-amz-checksum.*\r\n)(x-amz-trailer.*\r\n)/, "$2$1"), "MalformedTrailerError"],
  ] as const) {
    const error = await refusal(collected(open(chunkedMode(plan), Buffer.from(text, "latin1"))));
    assert.equal(error.code, code);
  }
});

test("signed chunks can neither be dropped, repeated nor swapped", async () => {
  const plan: WirePlan = { signed: true, chunks: [BIG, randomBytes(8192)] };
  const encoded = wire(plan);
  const one = "2000;chunk-signature=".length + 64 + 2 + 8192 + 2;
  const [a, b, end] = [encoded.subarray(0, one), encoded.subarray(one, 2 * one), encoded.subarray(2 * one)];
  for (const [parts, size] of [
    [[b, a, end], 16384],
    [[a, a, end], 16384],
    [[a, end], 8192],
  ] as const) {
    const error = await refusal(collected(open(chunkedMode(plan, size), Buffer.concat(parts))));
    assert.equal(error.code, "SignatureDoesNotMatch");
  }
});

test("random bytes are refused with a documented code and keep no memory", () => {
  const alphabet = fc.constantFrom(
    "0",
    "5",
    "a",
    "f",
    ";",
    "\r\n",
    "\n",
    "\r",
    ":",
    "x-amz-checksum-crc32",
    "chunk-signature=",
    " ",
  );
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 40 }), fc.boolean(), (words, signed) => {
      const decoder = new ChunkedDecoder({
        size: 5,
        trailing: true,
        trailers: ["x-amz-checksum-crc32"],
        ...(signed ? { chain: newChain() } : {}),
      });
      try {
        for (const word of words) decoder.push(Buffer.from(word), []);
        decoder.end();
      } catch (error) {
        assert.ok(error instanceof ServiceError);
      }
    }),
    { numRuns: 3000 },
  );
});

test("plain bodies: size and hash must be as declared", async () => {
  const sha256 = createHash("sha256").update(SMALL).digest("hex");
  const size = SMALL.length;
  for (const how of ["collect", "stream"] as const) {
    const read = async (mode: { size: number; sha256?: string }, ...parts: Uint8Array[]): Promise<Buffer> => {
      const body = open({ kind: "plain", ...mode }, ...parts);
      if (how === "collect") return Buffer.from(await body.collect());
      const out: Uint8Array[] = [];
      for await (const piece of body.stream()) out.push(piece);
      return Buffer.concat(out);
    };
    assert.ok((await read({ size, sha256 }, SMALL)).equals(SMALL));
    assert.ok((await read({ size, sha256 }, SMALL.subarray(0, 4), SMALL.subarray(4))).equals(SMALL));
    assert.equal((await read({ size: 0 })).length, 0);
    assert.equal((await refusal(read({ size: size + 1 }, SMALL))).code, "IncompleteBody");
    assert.equal((await refusal(read({ size: size - 1 }, SMALL))).code, "IncompleteBody");
    assert.equal((await refusal(read({ size }, SMALL, SMALL))).code, "IncompleteBody");
    const wrong = await refusal(read({ size, sha256: "0".repeat(64) }, SMALL));
    assert.equal(wrong.code, "XAmzContentSHA256Mismatch");
    assert.equal(wrong.elements.S3ComputedContentSHA256, sha256);
    assert.equal((await refusal(read({ size: 0, sha256 }))).code, "XAmzContentSHA256Mismatch");
  }
});

test("a failed body closes its source", async () => {
  let closed = false;
  const source = (async function* () {
    try {
      for (;;) yield Buffer.from("zz\r\n");
    } finally {
      closed = true;
    }
  })();
  const { openBody } = await import("./request-body.ts");
  const body = openBody(source, {
    kind: "chunked",
    size: 5,
    wireSize: undefined,
    trailing: false,
    trailers: [],
  });
  assert.equal((await refusal(collected(body))).code, "IncompleteBody");
  assert.ok(closed);
});

test("payload modes by header", async () => {
  const headers = (h: Record<string, string>): HeaderView => HeaderView.fromRaw(Object.entries(h).flat());
  const chain = (): ReturnType<typeof newChain> => newChain();
  assert.deepEqual(payloadMode("UNSIGNED-PAYLOAD", headers({ "Content-Length": "7" }), chain), {
    kind: "plain",
    size: 7,
  });
  assert.deepEqual(payloadMode("UNSIGNED-PAYLOAD", headers({}), chain), { kind: "plain", size: 0 });
  assert.deepEqual(payloadMode("UNSIGNED-PAYLOAD", headers({ "Transfer-Encoding": "chunked" }), chain), {
    kind: "plain",
    size: undefined,
  });
  const streaming = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  const decoded = { "x-amz-decoded-content-length": "5", "x-amz-trailer": "X-Amz-Checksum-CRC32" };
  const mode = payloadMode(streaming, headers(decoded), chain);
  assert.deepEqual(mode.kind === "chunked" && [mode.size, mode.trailers, mode.chain], [
    5,
    ["x-amz-checksum-crc32"],
    undefined,
  ]);
  for (const [value, h, withChain, code] of [
    [streaming, {}, true, "MissingContentLength"],
    [streaming, { "x-amz-decoded-content-length": "-1" }, true, "MissingContentLength"],
    [streaming, { ...decoded, "x-amz-trailer": "x-custom" }, true, "InvalidRequest"],
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", decoded, false, "InvalidRequest"],
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", {}, false, "InvalidRequest"],
  ] as const) {
    const error = await refusal(() => payloadMode(value, headers(h), withChain ? chain : undefined));
    assert.equal(error.code, code);
  }
  const unknown = await refusal(() => open({ kind: "plain", size: undefined }));
  assert.equal(unknown.status, 411);
});

test("the stored Content-Encoding has no aws-chunked", () => {
  for (const [sent, stored] of [
    [undefined, undefined],
    ["gzip", "gzip"],
    ["aws-chunked", undefined],
    ["AWS-Chunked, gzip", "gzip"],
    ["gzip,aws-chunked,br", "gzip,br"],
    ["deflate, gzip,aws-chunked", "deflate, gzip"],
    ["deflate, gzip", "deflate, gzip"],
  ] as const) {
    assert.equal(storedContentEncoding(sent), stored);
  }
});

test("a body that is here is taken at once, and held against its hash", () => {
  const source = {
    whole: (size: number) => (size === SMALL.length ? SMALL : undefined),
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
      throw new Error("nobody waits for events");
    },
  };
  const bodyWith = (claimed: Uint8Array): RequestBody =>
    openBody(source, {
      kind: "plain",
      size: SMALL.length,
      sha256: createHash("sha256").update(claimed).digest("hex"),
    });
  assert.equal(bodyWith(SMALL).collect(), SMALL);
  const isMismatch = (error: unknown): boolean =>
    error instanceof ServiceError && error.code === "XAmzContentSHA256Mismatch";
  assert.throws(() => bodyWith(BIG).collect(), isMismatch);
});

test("a body that is there once its head is done is taken in one piece, and held against its hash", async () => {
  for (const [sent, claimed] of [
    [SMALL, SMALL],
    [SMALL, BIG],
  ] as const) {
    let asked = 0;
    const source = {
      whole: (size: number) => (asked++ === 0 || size !== sent.length ? undefined : sent),
      [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
        throw new Error("nobody waits for events");
      },
    };
    const sha256 = createHash("sha256").update(claimed).digest("hex");
    const body = openBody(source, { kind: "plain", size: sent.length, sha256 });
    if (sent === claimed) assert.equal(await body.collect(), sent);
    else assert.equal((await refusal(collected(body))).code, "XAmzContentSHA256Mismatch");
  }
});
