/** A full disk under the trail: no key is used, each service says so in its words, and all goes on when there is room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "../../audit/query.ts";
import { TrailReader } from "../../audit/reader.ts";
import { Recorder } from "../../audit/recorder.ts";
import { FaultyFiles } from "../../audit/test/faulty-files.ts";
import { Rig } from "../../audit/test/rig.ts";
import type { Trail } from "../../audit/trail.ts";
import { ServiceError } from "../../base/errors.ts";
import { callerAs } from "../../base/test-caller.ts";
import { parseAccountId } from "../../base/ids.ts";
import { nothingSeen } from "../../kms/kernel.ts";
import { KmsAudit, type KmsCall } from "./kms.ts";
import { QueryAudit } from "./query.ts";
import { S3Audit } from "./s3.ts";

const account = parseAccountId("111122223333");
const caller = callerAs(
  { kind: "user", account, arn: `arn:aws:iam::${account}:user/u`, userId: "AIDAU", name: "u" },
  { accessKeyId: "AKIAU", sourceIp: "192.0.2.1" },
);

interface Audited {
  readonly rig: Rig;
  readonly files: FaultyFiles;
  readonly trail: Trail;
  readonly recorder: Recorder;
  readonly kms: KmsAudit;
  readonly s3: S3Audit;
  readonly query: QueryAudit;
}

/** Each service's records over one trail, whose disk may fail. */
async function withAudits(work: (audited: Audited) => Promise<void>): Promise<void> {
  const rig = await Rig.make();
  try {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    const clock = { now: () => rig.nowMs };
    const hashKey = rig.keyring.current("audit").key;
    const recorder = new Recorder({ trail, region: "eu-central-1", clock, hashKey });
    const [kms, s3, query] = [new KmsAudit(recorder), new S3Audit(recorder), new QueryAudit(recorder)];
    await work({ rig, files, trail, recorder, kms, s3, query });
  } finally {
    await rig.remove();
  }
}

test("keys are not used while the trail's disk is full, and are again when it is not", () =>
  withAudits(async ({ rig, files, trail, kms, s3, query }) => {
    const call: KmsCall = {
      caller,
      operation: "Decrypt",
      requestId: "r",
      input: {},
      seen: nothingSeen(),
      timeMs: rig.nowMs,
      tls: undefined,
    };
    const s3Event = { requestId: "r", service: "s3", operation: "GetObject", caller, needs: [] };
    const iamEvent = { requestId: "r", service: "iam", operation: "CreateUser", caller, needs: [] };
    await kms.intent(call);
    await kms.outcome(call, {}, undefined);

    files.failing = true;
    const refused = async (work: () => void | Promise<void>): Promise<ServiceError> => {
      const error: unknown = await Promise.resolve()
        .then(work)
        .then(
          () => undefined,
          (cause: unknown) => cause,
        );
      assert.ok(error instanceof ServiceError, String(error));
      assert.match(error.message, /audit trail cannot be written/);
      return error;
    };
    // Under way when the disk filled up: its answer must not leave.
    const first = await refused(() => kms.outcome(call, {}, undefined));
    assert.deepEqual([first.code, first.status], ["KMSInternalException", 500]);
    // Before anything is done, from then on.
    assert.equal((await refused(() => kms.intent(call))).code, "KMSInternalException");
    assert.equal((await refused(() => s3.intent(s3Event))).status, 503);
    assert.equal((await refused(() => query.intent(iamEvent))).status, 503);

    files.failing = false;
    for (let i = 0; i < 200 && !trail.writable; i++) await new Promise((done) => setTimeout(done, 20));
    await kms.intent(call);
    await kms.outcome(call, {}, undefined);
    await s3.intent(s3Event);
    await trail.close();
    const { problems, records } = await rig.verify();
    // What was under way is there, too.
    assert.deepEqual([problems, records], [[], 3]);
  }));

test("what is refused while the trail's disk is full stands in it afterwards, as far as memory is set aside for it", () =>
  withAudits(async ({ rig, files, trail, recorder, kms, s3, query }) => {
    files.failing = true;
    await assert.rejects(trail.durable(recorder.service("Unseal", "system", account, {}, [])));

    const denied = { status: 403, errorCode: "AccessDenied", errorMessage: "no" };
    const event = (service: string, operation: string) => ({
      requestId: operation,
      service,
      operation,
      caller,
    });
    await s3.outcome(event("s3", "GetObject"), denied);
    // A change, whose record would be waited for.
    await s3.outcome(event("s3", "PutBucketPolicy"), denied);
    await query.outcome(event("iam", "CreateUser"), denied);
    const seen = nothingSeen();
    const call = { caller, operation: "Decrypt", requestId: "r", input: {}, seen, timeMs: rig.nowMs };
    await kms.outcome({ ...call, tls: undefined }, undefined, new ServiceError("AccessDeniedException"));

    let more = 0;
    for (; trail.hasRoom && more < 100_000; more++) await s3.outcome(event("s3", "HeadObject"), denied);
    assert.equal(trail.hasRoom, false);
    for (let i = 0; i < 100; i++) await s3.outcome(event("s3", "HeadObject"), denied);

    files.failing = false;
    for (let i = 0; i < 200 && !trail.writable; i++) await new Promise((done) => setTimeout(done, 20));
    await trail.flush();
    await trail.close();
    const { problems, records } = await rig.verify();
    assert.deepEqual([problems, records], [[], 1 + 4 + more]);
    const names = new Map<string, number>();
    for await (const { event: found } of answer(new TrailReader(rig.files, rig.seedOf), { error: "any" }))
      names.set(found.eventName, (names.get(found.eventName) ?? 0) + 1);
    assert.deepEqual(
      names,
      new Map([
        ["GetObject", 1],
        ["PutBucketPolicy", 1],
        ["CreateUser", 1],
        ["Decrypt", 1],
        ["HeadObject", more],
      ]),
    );
  }));
