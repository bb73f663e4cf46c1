/** Exported files as `aws cloudtrail validate-logs` checks them: hashes, signatures, and the chain of digests. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, rename, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { digestKeyFingerprint, verifyDigest } from "@strongroom/crypto";
import { z } from "zod";
import { ensureDigestKey, type StoredDigestKey } from "./digest-key.ts";
import { eventText, newEventId } from "./event.ts";
import { type Exported, type ExportInput, exportTrail } from "./export.ts";
import { claimedIdentity } from "./identity.ts";
import { proveRecord } from "./prove.ts";
import { answer, type Found, newest, positionOf } from "./query.ts";
import { TrailReader } from "./reader.ts";
import { factsOf } from "./facts.ts";
import { Segment } from "./segment-reader.ts";
import { Rig } from "./test/rig.ts";
import type { TrailRecord } from "./trail.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 2, 1, 10);

function eventAt(timeMs: number, account: string, name = "GetObject"): TrailRecord {
  const parts = {
    identity: { ...claimedIdentity("AKID"), account },
    timeMs,
    service: "s3",
    name,
    region: "eu-central-1",
    sourceIp: "192.0.2.1",
    userAgent: 'test\n"agent"',
    request: "null",
    response: "null",
    requestId: `R${timeMs}`,
    eventId: newEventId(timeMs),
    readOnly: true,
    management: true,
    recipient: account,
  };
  return { text: eventText(parts), timeMs, facts: factsOf(parts, {}) };
}

const digestSchema = z.looseObject({
  digestEndTime: z.string(),
  digestS3Bucket: z.string(),
  digestS3Object: z.string(),
  digestPublicKeyFingerprint: z.string(),
  previousDigestSignature: z.string().nullable(),
  previousDigestHashValue: z.string().nullable(),
  previousDigestS3Object: z.string().nullable(),
  logFiles: z.array(z.looseObject({ s3Object: z.string(), hashValue: z.string() })),
});
const lineSchema = z.object({ file: z.string(), metadata: z.record(z.string(), z.string()) });
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const inputOf = (rig: Rig, key: StoredDigestKey): Omit<ExportInput, "nowMs"> => ({
  files: rig.files,
  seedOf: rig.seedOf,
  ledger: rig.ledger,
  key,
  directory: join(rig.directory, "out"),
  region: "eu-central-1",
  bucket: "logs",
  prefix: "",
  trail: "strongroom",
  account: "111122223333",
  fromMs: START_MS,
});

test("log files and digests validate backwards, over exports, late records and none", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (const hours of [0, 0.2, 0.9, 2.5]) trail.append(eventAt(START_MS + hours * HOUR_MS, "111122223333"));
    trail.append(eventAt(START_MS + 2.6 * HOUR_MS, "444455556666"));
    trail.append(eventAt(START_MS + 2.7 * HOUR_MS, ""));
    await trail.close();
    const key = await ensureDigestKey(rig.records, START_MS);
    assert.deepEqual((await ensureDigestKey(rig.records, START_MS)).publicDer, key.publicDer);
    const input = inputOf(rig, key);
    const { directory } = input;
    const first = await exportTrail({ ...input, nowMs: START_MS + 3 * HOUR_MS }, () => {});
    assert.deepEqual([first.records, first.files, first.digests], [6, 2, 2]);
    // Of a long request: its time is past, it is recorded now.
    const late = rig.trail();
    late.append(eventAt(START_MS + 0.5 * HOUR_MS, "111122223333"));
    await late.flush();
    const second = await exportTrail({ ...input, nowMs: START_MS + 4 * HOUR_MS }, () => {});
    assert.deepEqual([second.records, second.files, second.digests], [1, 1, 2]);
    const third = await exportTrail({ ...input, nowMs: START_MS + 5 * HOUR_MS }, () => {});
    assert.deepEqual([third.records, third.files, third.digests, third.problems.length], [0, 0, 2, 0]);
    await late.close();

    const list = (await readFile(join(directory, "files.jsonl"), "utf8")).trim().split("\n");
    const entries = new Map(
      list.map((line) => lineSchema.parse(JSON.parse(line))).map((e) => [e.file, e.metadata]),
    );
    const digestNames = [...entries.keys()].filter((name) => /\/111122223333_CloudTrail-Digest_/.test(name));
    let name: string | null = digestNames.at(-1) ?? null;
    let walked = 0;
    let records = 0;
    let expectedHash: string | null = null;
    while (name !== null) {
      const body = gunzipSync(await readFile(join(directory, name)));
      if (expectedHash !== null) assert.equal(sha(body), expectedHash);
      const digest: z.output<typeof digestSchema> = digestSchema.parse(JSON.parse(body.toString()));
      assert.equal(digest.digestS3Object, name);
      assert.equal(digest.digestPublicKeyFingerprint, digestKeyFingerprint(key.publicDer));
      const text = `${digest.digestEndTime}\n${digest.digestS3Bucket}/${name}\n${sha(body)}\n${digest.previousDigestSignature ?? "null"}`;
      const signature = Buffer.from(entries.get(name)?.["signature"] ?? "", "hex");
      assert.ok(verifyDigest(key.publicDer, Buffer.from(text), signature));
      assert.equal(verifyDigest(key.publicDer, Buffer.from(`${text}x`), signature), false);
      for (const file of digest.logFiles) {
        const log = gunzipSync(await readFile(join(directory, file.s3Object)));
        assert.equal(sha(log), file.hashValue);
        records += z.object({ Records: z.array(z.unknown()) }).parse(JSON.parse(log.toString()))
          .Records.length;
      }
      expectedHash = digest.previousDigestHashValue;
      name = digest.previousDigestS3Object;
      walked++;
    }
    assert.equal(walked, 3);
    assert.equal(records, 6);
  } finally {
    await rig.remove();
  }
});

test("an export that was cut off while it saved repeats no record and lists every file once", async () => {
  const rig = await Rig.make();
  try {
    const key = await ensureDigestKey(rig.records, START_MS);
    const directory = join(rig.directory, "out");
    const place = { key, region: "eu-central-1", bucket: "logs", prefix: "", trail: "strongroom" };
    const input = { ...place, directory, account: "111122223333", fromMs: START_MS };
    const run = (hours: number): Promise<Exported> =>
      exportTrail(
        {
          ...input,
          files: rig.files,
          seedOf: rig.seedOf,
          ledger: rig.ledger,
          nowMs: START_MS + hours * HOUR_MS,
        },
        () => {},
      );
    const write = async (hours: number): Promise<void> => {
      const trail = rig.trail();
      trail.append(eventAt(START_MS + hours * HOUR_MS, "111122223333"));
      await trail.close();
    };
    const list = join(directory, "files.jsonl");
    await write(0);
    await run(1);
    const first = await readFile(list, "utf8");
    await write(2);
    // The list can't be written: as if the process had died there.
    await rename(list, `${list}.old`);
    await mkdir(list);
    await assert.rejects(run(3), { code: "EISDIR" });
    await rmdir(list);
    await rename(`${list}.old`, list);
    // Half of a line was.
    await appendFile(list, '{"file":"AWSLo');
    const { records, missed, problems } = await run(4);
    assert.deepEqual([records, missed, problems], [0, 0, []]);
    const lines = (await readFile(list, "utf8")).trim().split("\n");
    assert.equal(lines.slice(0, 2).join("\n"), first.trim());
    const names = lines.map((line) => lineSchema.parse(JSON.parse(line)).file);
    assert.equal(names.filter((name) => !name.includes("Digest")).length, 2);
    assert.equal(names.length, 5);
    assert.equal(new Set(names).size, names.length);
  } finally {
    await rig.remove();
  }
});

test("pages of the newest records, each once, whatever order they were written in", async () => {
  const rig = await Rig.make();
  try {
    const trails = [rig.trail(), rig.trail()];
    for (let n = 0; n < 700; n++)
      trails[n % 2]?.append(eventAt(START_MS + ((n * 37) % 1000), "111122223333"));
    for (const trail of trails) await trail.close();
    const reader = new TrailReader(rig.files, rig.seedOf);
    const seen: number[] = [];
    const ids = new Set<string>();
    let before: Parameters<typeof newest>[3];
    for (;;) {
      const page = await newest(reader, { events: ["GetObject"] }, 50, before);
      for (const found of page) {
        seen.push(found.timeMs);
        ids.add(found.event.eventID);
      }
      const last = page.at(-1);
      if (last === undefined) break;
      before = positionOf(last);
    }
    assert.equal(seen.length, 700);
    assert.equal(ids.size, 700);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => b - a),
    );
    const one = await newest(reader, { request: `R${START_MS + 37}` }, 10);
    assert.equal(one.length, 1);
    assert.equal((await newest(reader, { request: "R1" }, 10)).length, 0);
  } finally {
    await rig.remove();
  }
});

test("an export tells damage at the end of what was signed, and a proof is refused for it", async () => {
  for (const damage of ["edited", "cut off", "made zeros"] as const) {
    const rig = await Rig.make();
    try {
      const trail = rig.trail();
      for (const hours of [0, 0.1, 0.2]) {
        trail.append(eventAt(START_MS + hours * HOUR_MS, "111122223333"));
        await trail.flush();
      }
      await trail.close();
      const [stream = ""] = await rig.files.streams();
      const path = rig.files.path(stream, 0, "seg");
      const bytes = await readFile(path);
      const found: Found[] = [];
      for await (const one of answer(new TrailReader(rig.files, rig.seedOf), {})) found.push(one);
      const segment = Segment.from(bytes, rig.seedOf);
      assert.ok(typeof segment === "object");
      const last = [...segment.frames()].at(-1);
      assert.ok(last !== undefined && found[0] !== undefined);
      const changed = Buffer.from(bytes);
      if (damage === "edited") changed[changed.length - 30] = (changed[changed.length - 30] ?? 0) ^ 1;
      if (damage === "made zeros") changed.fill(0, last.offset);
      await writeFile(path, damage === "cut off" ? changed.subarray(0, last.offset) : changed);
      const input = inputOf(rig, await ensureDigestKey(rig.records, START_MS));
      const { records, problems } = await exportTrail({ ...input, nowMs: START_MS + 2 * HOUR_MS }, () => {});
      const kind = damage === "edited" ? "edited" : "truncated";
      assert.deepEqual([records, problems.map((p) => [p.kind, p.seq])], [2, [[kind, 2]]], damage);
      if (damage !== "edited") continue;
      const proven = await proveRecord(input, found[0]);
      assert.match(proven.kind === "refused" ? proven.why : "", /damaged \(edited\)/);
    } finally {
      await rig.remove();
    }
  }
});
