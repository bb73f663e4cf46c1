/**
 * How soon a right that is taken away counts, measured: two workers under a steady load of reads whose bucket key is in
 * memory. Every read that starts after the change was acknowledged is refused, in every worker; and while the right
 * lasts, no read costs a call of the key service, so that what is refused is indeed the use of a cached key.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeleteUserPolicyCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import {
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { ACCOUNT, type Actor, policy, startWorld } from "./access/world.ts";
import { until } from "./serve.ts";

const w = await startWorld(["--workers", "2"]);
const { root } = w;
const LANES = 8;
const READS_BEFORE = 200;
const READS_AFTER = 100;
const WAIT_MS = 60_000;
const MAY_READ = policy({ Action: "s3:GetObject" });
const KEY_USER = policy({ Action: ["s3:GetObject", "kms:Decrypt"] });

/** Reads that were answered with the object, in all scenes. */
let answered = 0;

/** Calls of the key service that opened something, in all workers. */
async function decrypts(): Promise<number> {
  const least = answered;
  let body = "";
  // A worker that doesn't answer in time is left out of the metrics: then what it answered is missing, too.
  await until(
    "metrics of both workers",
    async () => {
      ({ body } = await w.served.admin("/metrics"));
      return (
        sumOf(body, /^strongroom_requests_total\{[^}]*operation="GetObject",status="200"\} (\d+)$/gm) >= least
      );
    },
    WAIT_MS,
  );
  return sumOf(body, /^strongroom_kms_calls_total\{[^}]*operation="Decrypt"[^}]*\} (\d+)$/gm);
}
const sumOf = (body: string, line: RegExp): number =>
  [...body.matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);

interface Scene {
  readonly bucket: string;
  readonly keyId: string;
  readonly reader: Actor;
}
let scenes = 0;
/** A bucket under a bucket key, with an object, and a user who may read it. */
async function scene(document: string): Promise<Scene> {
  const name = `reader-${++scenes}`;
  const reader = await w.user(name, document);
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  const Bucket = await w.bucket(`cached-${scenes}`);
  const rule = {
    ApplyServerSideEncryptionByDefault: {
      SSEAlgorithm: "aws:kms" as const,
      KMSMasterKeyID: KeyMetadata?.Arn,
    },
    BucketKeyEnabled: true,
  };
  await root.s3.send(
    new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
  );
  await root.s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  return { bucket: Bucket, keyId: KeyMetadata?.KeyId ?? "", reader };
}

interface Reads {
  before: number;
  /** Started after the change was acknowledged. */
  refusedAfter: number;
  allowedAfter: number;
}

/** Reads in several lanes, takes the right away in their midst, and reads on. */
async function measure({ bucket, reader }: Scene, take: () => Promise<unknown>): Promise<Reads> {
  const reads: Reads = { before: 0, refusedAfter: 0, allowedAfter: 0 };
  let taken = false;
  let stopped = false;
  const get = () => reader.s3.send(new GetObjectCommand({ Bucket: bucket, Key: "k" }));
  const lane = async (): Promise<void> => {
    while (!stopped) {
      const startedAfter = taken;
      try {
        await (await get()).Body?.transformToString();
        answered++;
        if (startedAfter) reads.allowedAfter++;
        else reads.before++;
      } catch (error) {
        assert.ok(error instanceof Error && /AccessDenied|KMS\./.test(error.name), String(error));
        if (startedAfter) reads.refusedAfter++;
      }
    }
  };
  const lanes = Promise.all(Array.from({ length: LANES }, lane));
  // A lane that fails ends the wait with its own error.
  const have = (what: string, holds: () => boolean): Promise<unknown> =>
    Promise.race([lanes, until(what, () => stopped || holds(), WAIT_MS)]);
  try {
    await have("reads that warm the keys", () => reads.before >= READS_BEFORE);
    const warm = await decrypts();
    assert.ok(warm > 0);
    const warmReads = reads.before;
    await have("reads of warm keys", () => reads.before >= 2 * READS_BEFORE);
    // A worker that saw its first read only now may have opened the bucket key once.
    assert.ok((await decrypts()) - warm <= 2, `${reads.before - warmReads} reads of a cached key`);
    await take();
    taken = true;
    await have("reads afterwards", () => reads.refusedAfter + reads.allowedAfter >= READS_AFTER);
  } finally {
    stopped = true;
    await lanes;
  }
  return reads;
}

const userOf = ({ bucket }: Scene): string => bucket.replace("cached", "reader");
const CASES: readonly (readonly [string, string, (s: Scene) => Promise<unknown>])[] = [
  ["DisableKey", KEY_USER, ({ keyId }) => root.kms.send(new DisableKeyCommand({ KeyId: keyId }))],
  [
    "ScheduleKeyDeletion",
    KEY_USER,
    ({ keyId }) => root.kms.send(new ScheduleKeyDeletionCommand({ KeyId: keyId })),
  ],
  [
    "DeleteUserPolicy",
    KEY_USER,
    (s) => root.iam.send(new DeleteUserPolicyCommand({ UserName: userOf(s), PolicyName: "own" })),
  ],
  [
    "PutUserPolicy without kms:Decrypt",
    KEY_USER,
    (s) =>
      root.iam.send(
        new PutUserPolicyCommand({ UserName: userOf(s), PolicyName: "own", PolicyDocument: MAY_READ }),
      ),
  ],
  [
    "PutKeyPolicy with a Deny",
    KEY_USER,
    async (s) => {
      const { Policy = "" } = await root.kms.send(new GetKeyPolicyCommand({ KeyId: s.keyId }));
      const document = JSON.parse(Policy) as { Statement: object[] };
      document.Statement.push({
        Effect: "Deny",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/${userOf(s)}` },
        Action: "kms:Decrypt",
        Resource: "*",
      });
      return root.kms.send(new PutKeyPolicyCommand({ KeyId: s.keyId, Policy: JSON.stringify(document) }));
    },
  ],
  [
    "PutBucketPolicy with a Deny",
    KEY_USER,
    ({ bucket: Bucket }) =>
      root.s3.send(
        new PutBucketPolicyCommand({
          Bucket,
          Policy: policy({
            Effect: "Deny",
            Principal: "*",
            Action: "s3:GetObject",
            Resource: `arn:aws:s3:::${Bucket}/*`,
          }),
        }),
      ),
  ],
];

for (const [what, document, take] of CASES)
  test(`${what} counts for every read that starts after it`, async () => {
    const s = await scene(document);
    const reads = await measure(s, () => take(s));
    assert.equal(reads.allowedAfter, 0, JSON.stringify(reads));
    assert.ok(reads.refusedAfter >= READS_AFTER);
  });

test("RevokeGrant counts for every read that starts after it; enabling a key again does too", async () => {
  const s = await scene(MAY_READ);
  const { GrantId } = await root.kms.send(
    new CreateGrantCommand({
      KeyId: s.keyId,
      GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/${userOf(s)}`,
      Operations: ["Decrypt"],
    }),
  );
  const revoked = await measure(s, () => root.kms.send(new RevokeGrantCommand({ KeyId: s.keyId, GrantId })));
  assert.equal(revoked.allowedAfter, 0, JSON.stringify(revoked));
  await root.kms.send(new DisableKeyCommand({ KeyId: s.keyId }));
  await root.kms.send(new EnableKeyCommand({ KeyId: s.keyId }));
  const get = new GetObjectCommand({ Bucket: s.bucket, Key: "k" });
  assert.equal(await (await root.s3.send(get)).Body?.transformToString(), "x");
});
