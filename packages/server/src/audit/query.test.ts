/** Questions answered by index against a plain reading of every record; lost, foreign and foreign-segment indexes. */
import assert from "node:assert/strict";
import { copyFile, cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parseAccountId } from "../base/ids.ts";
import { countBy } from "./count.ts";
import { eventText, newEventId } from "./event.ts";
import { factsOf, factsOfEvent, type Links } from "./facts.ts";
import { identityOf } from "./identity.ts";
import { answer, newest, planOf, positionOf, type Question } from "./query.ts";
import { TrailReader } from "./reader.ts";
import { planHolds } from "./search.ts";
import { Segment } from "./segment-reader.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { Rig } from "./test/rig.ts";
import type { TrailRecord } from "./trail.ts";
import { parseEvent } from "./trail-event.ts";

const ACCOUNT = parseAccountId("111122223333");
const START_MS = Date.UTC(2026, 2, 1);
const KEYS = ["a", "b"].map((id) => `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${id}`);
const EVENTS = ["GetObject", "PutObject", "CopyObject", "Decrypt"];

interface Shape {
  readonly user: number;
  readonly event: number;
  readonly object: number;
  readonly denied: boolean;
  readonly key: number;
  readonly at: number;
  readonly intent: boolean;
}

function recordOf({ user, event, object, denied, key, at, intent }: Shape): TrailRecord {
  const name = EVENTS[event] ?? "GetObject";
  const ofKms = name === "Decrypt";
  const timeMs = START_MS + at * 1000;
  const bucket = `bucket-${object % 2}`;
  const arn = `arn:aws:s3:::${bucket}/o\n"${object}"`;
  const keys = KEYS.slice(key, key + 1);
  const links: Links = ofKms
    ? { keys, materials: ["material-one"], forRequest: `R${object}`, intent }
    : { buckets: [bucket], objects: [arn], keys, intent };
  const resources = ofKms
    ? keys.map((ARN) => ({ accountId: ACCOUNT, type: "AWS::KMS::Key", ARN }))
    : [
        { type: "AWS::S3::Object", ARN: arn },
        { accountId: ACCOUNT, type: "AWS::S3::Bucket", ARN: `arn:aws:s3:::${bucket}` },
      ];
  const additional = {
    ...(ofKms ? { keyMaterialId: "material-one", s3RequestID: `R${object}` } : {}),
    ...(!ofKms && keys[0] !== undefined ? { sseKmsKeyArn: keys[0] } : {}),
    ...(intent ? { phase: "intent" } : {}),
  };
  const parts = {
    identity: identityOf({
      principal: {
        kind: "user",
        account: ACCOUNT,
        arn: `arn:aws:iam::${ACCOUNT}:user/user-${user}`,
        userId: `AIDA${user}`,
        name: `user-${user}`,
      },
      accessKeyId: `AKIA${user}`,
    }),
    timeMs,
    service: ofKms ? "kms" : "s3",
    name,
    region: "eu-central-1",
    sourceIp: `192.0.2.${user}`,
    userAgent: "test",
    errorCode: denied ? "AccessDenied" : undefined,
    request: "null",
    response: "null",
    additional: JSON.stringify(additional),
    requestId: `Q${at}`,
    eventId: newEventId(timeMs),
    readOnly: name !== "PutObject",
    ...(resources.length === 0 ? {} : { resources: JSON.stringify(resources) }),
    management: ofKms,
    recipient: ACCOUNT,
  };
  return { text: eventText(parts), timeMs, facts: factsOf(parts, links) };
}

const shape: fc.Arbitrary<Shape> = fc.record({
  user: fc.nat(3),
  event: fc.nat(3),
  object: fc.nat(5),
  denied: fc.boolean(),
  key: fc.nat(2),
  at: fc.nat(200),
  intent: fc.boolean(),
});
const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const question: fc.Arbitrary<Question> = fc
  .record(
    {
      fromMs: fc.nat(200).map((s) => START_MS + s * 1000),
      toMs: fc.nat(200).map((s) => START_MS + s * 1000),
      principal: some(`arn:aws:iam::${ACCOUNT}:user/user-1`, "nobody"),
      accessKey: some("AKIA2"),
      user: some("user-0"),
      events: fc.subarray(EVENTS, { minLength: 1 }),
      error: some("any", "none", "AccessDenied", "NoSuchKey"),
      key: some(...KEYS, "a"),
      material: some("material-one", "material-two"),
      object: some('bucket-1/o\n"3"', 'arn:aws:s3:::bucket-0/o\n"2"', "bucket-0/none"),
      bucket: some("bucket-0", "bucket-1"),
      request: some("R3", "Q17"),
      source: some("s3", "kms"),
      ip: some("192.0.2.1"),
      account: some<string>(ACCOUNT, "444455556666"),
      readOnly: fc.boolean(),
      management: fc.boolean(),
      resourceType: some("AWS::S3::Object", "AWS::KMS::Key"),
      resourceName: some("bucket-1", "b", 'bucket-1/o\n"3"'),
      intents: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  // Few filters at a time, or nothing is ever found.
  .chain((all) =>
    fc.subarray(Object.keys(all), { maxLength: 3 }).map((names) => {
      const entries = Object.entries(all).filter(([name]) => names.includes(name));
      return Object.fromEntries(entries);
    }),
  );

const idsOf = (records: Iterable<{ readonly event: { readonly eventID: string } }>): readonly string[] =>
  [...records].map(({ event }) => event.eventID);

async function all(reader: TrailReader, q: Question): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { event } of answer(reader, q)) ids.push(event.eventID);
  return ids;
}

test("what a writer tells the index is what a reader finds in the text", () => {
  fc.assert(
    fc.property(shape, (s) => {
      const { text, facts } = recordOf(s);
      const event = parseEvent(Buffer.from(text));
      assert.ok(event);
      assert.deepEqual(factsOfEvent(event), facts);
    }),
  );
});

test("index and plain reading agree, from files, from records, and from indexes made again", async () => {
  const rig = await Rig.make();
  try {
    const shapes = fc.sample(shape, 600);
    const records = shapes.map(recordOf);
    const trails = [rig.trail(), rig.trail(), rig.trail()];
    for (const [n, record] of records.entries()) trails[n % 3]?.append(record);
    await trails[0]?.close();
    await trails[1]?.close();
    // The third goes on: it has no index.
    await trails[2]?.flush();
    const events = records.map(({ text, timeMs }) => {
      const event = parseEvent(Buffer.from(text));
      assert.ok(event);
      return { event, timeMs };
    });
    const reader = new TrailReader(rig.files, rig.seedOf);
    const check = async (q: Question): Promise<void> => {
      const plan = planOf(q);
      const plain = events.filter(
        ({ event, timeMs }) =>
          timeMs >= plan.fromMs && timeMs <= plan.toMs && planHolds(plan, factsOfEvent(event)),
      );
      assert.deepEqual((await all(reader, q)).toSorted(), idsOf(plain).toSorted());
      const newestFirst = plain.toSorted(
        (a, b) => b.timeMs - a.timeMs || (a.event.eventID < b.event.eventID ? 1 : -1),
      );
      const page = await newest(reader, q, 7);
      assert.deepEqual(idsOf(page), idsOf(newestFirst.slice(0, 7)));
      const last = page.at(-1);
      if (last !== undefined) {
        const second = await newest(reader, q, 7, positionOf(last));
        assert.deepEqual(idsOf(second), idsOf(newestFirst.slice(7, 14)));
      }
      const [total] = await countBy(reader, q, []);
      assert.equal(total?.count ?? 0, plain.length);
      const groups = await countBy(reader, q, ["user", "event", "hour"]);
      assert.equal(
        groups.reduce((sum, { count }) => sum + count, 0),
        plain.length,
      );
      for (const { values, count } of groups) {
        const [user, event] = values;
        const same = plain.filter(
          (p) => p.event.userIdentity.userName === user && p.event.eventName === event,
        );
        assert.equal(same.length, count);
      }
    };
    await fc.assert(fc.asyncProperty(question, check), { numRuns: 150 });
    await trails[2]?.close();
  } finally {
    await rig.remove();
  }
});

test("counts by more fields than a number holds", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (const s of fc.sample(shape, 200)) trail.append(recordOf(s));
    await trail.close();
    const reader = new TrailReader(rig.files, rig.seedOf);
    const few = await countBy(reader, {}, ["event", "user"]);
    const many = await countBy(reader, {}, ["event", ...Array.from({ length: 40 }, () => "user")]);
    assert.deepEqual(
      many.map(({ values, ...group }) => ({ values: values.slice(0, 2), ...group })),
      few,
    );
  } finally {
    await rig.remove();
  }
});

test("a lost, a cut and a foreign index change no answer", async () => {
  const rig = await Rig.make();
  try {
    const wanted: Question = { events: ["GetObject"], intents: true };
    for (let t = 0; t < 3; t++) {
      const trail = rig.trail();
      for (const s of fc.sample(shape, 50)) trail.append(recordOf({ ...s, event: t === 0 ? 0 : s.event }));
      await trail.close();
    }
    const ask = async (): Promise<readonly string[]> =>
      (await all(new TrailReader(rig.files, rig.seedOf), wanted)).toSorted();
    const before = await ask();
    assert.ok(before.length >= 50);
    const [a = "", b = "", c = ""] = await rig.files.streams();
    const index = (stream: string): string => rig.files.path(stream, 0, "idx");
    await copyFile(index(a), index(b));
    await writeFile(index(c), (await readFile(index(c))).subarray(0, -20));
    await rm(index(a));
    assert.deepEqual(await ask(), before);
  } finally {
    await rig.remove();
  }
});

test("an index with a damaged block is made again, and a reader that knew the old one answers the same", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (const s of fc.sample(shape, 300)) trail.append(recordOf(s));
    await trail.close();
    const [stream = ""] = await rig.files.streams();
    const path = rig.files.path(stream, 0, "idx");
    const whole = await readFile(path);
    const q: Question = { events: ["GetObject"], toMs: START_MS + 100_000 };
    const ask = async (reader: TrailReader): Promise<unknown> => [
      await countBy(reader, q, ["user", "event"]),
      idsOf(await newest(reader, q, 5)),
      await all(reader, { resourceName: 'bucket-1/o\n"3"' }),
    ];
    const old = new TrailReader(rig.files, rig.seedOf);
    const answers = await ask(old);
    let made = 0;
    for (let at = whole.length - 1; at > 0; at -= Math.ceil(whole.length / 60)) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      await writeFile(path, damaged);
      const reader = new TrailReader(rig.files, rig.seedOf);
      assert.deepEqual(await ask(reader), answers, `byte ${at}`);
      made += reader.counts.rebuilt;
      const after = new TrailReader(rig.files, rig.seedOf);
      assert.deepEqual(await ask(after), answers);
      assert.equal(after.counts.rebuilt, 0);
      assert.deepEqual(await ask(old), answers);
    }
    assert.ok(made > 5);
  } finally {
    await rig.remove();
  }
});

/** Two ended segments of one stream, of five frames each. */
async function twoSegments(rig: Rig): Promise<string> {
  const full = Object.getOwnPropertyDescriptor(SegmentWriter.prototype, "full");
  assert.ok(full);
  const trail = rig.trail();
  for (const [n, s] of fc.sample(shape, 200).entries()) {
    trail.append(recordOf({ ...s, at: n, intent: false }));
    const last = n === 99;
    if (last) Object.defineProperty(SegmentWriter.prototype, "full", { get: () => true, configurable: true });
    if (n % 20 === 19) await trail.flush();
    if (last) Object.defineProperty(SegmentWriter.prototype, "full", full);
  }
  await trail.close();
  const [stream = ""] = await rig.files.streams();
  assert.deepEqual(await rig.files.segments(stream), [0, 1]);
  return stream;
}

/** Where the heads of a segment's frames lie. */
async function framesOf(rig: Rig, stream: string, number: number): Promise<readonly number[]> {
  const segment = Segment.from(await rig.files.read(stream, number), rig.seedOf);
  assert.ok(typeof segment !== "string");
  using opened = segment;
  return [...opened.frames()].map(({ offset }) => offset);
}

test("records that a question could not read are told, and an index made meanwhile hides none later", async () => {
  for (const number of [0, 1])
    for (const ofIndex of ["lost", "a block"])
      for (const place of ["first", "last"])
        for (const part of ["head", "body"]) {
          const name = `segment ${number}, index: ${ofIndex}, ${part} of the ${place} frame`;
          const rig = await Rig.make();
          try {
            const stream = await twoSegments(rig);
            const old = new TrailReader(rig.files, rig.seedOf);
            const before = await all(old, {});
            const frames = await framesOf(rig, stream, number);
            assert.ok(frames.length > 1);
            const at = frames.at(place === "first" ? 0 : -1) ?? 0;
            const path = rig.files.path(stream, number, "seg");
            const whole = await readFile(path);
            const edited = Buffer.from(whole);
            const byte = at + (part === "head" ? 0 : 60);
            edited[byte] = (edited[byte] ?? 0) ^ 1;
            await writeFile(path, edited);
            const index = rig.files.path(stream, number, "idx");
            const sealed = await readFile(index);
            if (ofIndex === "lost") await rm(index);
            else await writeFile(index, sealed.with(sealed.length - 1, (sealed.at(-1) ?? 0) ^ 1));
            const reader = new TrailReader(rig.files, rig.seedOf);
            const few = await all(reader, { resourceName: "none", resourceType: "AWS::S3::Object" });
            assert.equal(few.length, 0);
            assert.ok((await all(reader, {})).length < before.length, name);
            // The end of a stream's last segment may be a torn write, for all that its files say.
            const torn = number === 1 && place === "last" && ofIndex === "lost";
            assert.equal(reader.counts.damaged > 0, !torn, name);
            await all(old, {});
            await writeFile(path, whole);
            assert.equal((await rig.verify()).problems.length, 0);
            for (const again of [new TrailReader(rig.files, rig.seedOf), reader, old])
              assert.deepEqual(await all(again, {}), before, name);
          } finally {
            await rig.remove();
          }
        }
});

test("a segment's copy in another place, under another number or in another stream's, shows no record again", async () => {
  const rig = await Rig.make();
  try {
    const stream = await twoSegments(rig);
    const before = await all(new TrailReader(rig.files, rig.seedOf), {});
    const other = "ab".repeat(16);
    await cp(join(rig.files.directory, stream), join(rig.files.directory, other), { recursive: true });
    for (const kind of ["seg", "idx"] as const)
      await copyFile(rig.files.path(stream, 0, kind), rig.files.path(stream, 2, kind));
    const reader = new TrailReader(rig.files, rig.seedOf);
    assert.deepEqual(await all(reader, {}), before);
    assert.equal(reader.counts.damaged, 3);
    const [total] = await countBy(new TrailReader(rig.files, rig.seedOf), {}, []);
    assert.equal(total?.count, before.length);
  } finally {
    await rig.remove();
  }
});

test("no value that is found by the index stands in its file in clear", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let at = 0; at < 300; at++)
      trail.append(
        recordOf({ user: 1, event: at % 4, object: at % 6, denied: true, key: 0, at, intent: false }),
      );
    await trail.close();
    let looked = 0;
    for (const entry of await readdir(rig.files.directory, { recursive: true })) {
      if (!entry.endsWith(".idx")) continue;
      looked++;
      const bytes = await readFile(join(rig.files.directory, entry));
      for (const text of [
        "user-1",
        "AKIA1",
        "bucket-",
        "GetObject",
        "AccessDenied",
        "key/a",
        "192.0.2",
        "material-one",
      ])
        assert.equal(bytes.includes(text), false, text);
    }
    assert.equal(looked, 1);
  } finally {
    await rig.remove();
  }
});
