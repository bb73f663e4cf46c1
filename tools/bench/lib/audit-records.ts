/** Made-up records for the trail's bench: reads and writes of many objects under KMS keys, their key uses, few denials. */
import { eventText, newEventId } from "../../../packages/server/src/audit/event.ts";
import { factsOf } from "../../../packages/server/src/audit/facts.ts";
import { identityOf } from "../../../packages/server/src/audit/identity.ts";
import type { TrailRecord } from "../../../packages/server/src/audit/trail.ts";
import { parseAccountId } from "../../../packages/server/src/base/ids.ts";

export const ACCOUNT = parseAccountId("111122223333");
export const START_MS = Date.UTC(2026, 0, 1);
/** Between two records. */
export const GAP_MS = 10;
const BUCKETS = 50;
const OBJECTS = 1_000_003;
/** One record in so many uses the key service, one is a denial. */
const KMS_EVERY = 10;
const DENIED_EVERY = 1000;
export const KEYS = Array.from({ length: 20 }, (_, k) => `arn:aws:kms:eu-central-1:${ACCOUNT}:key/key-${k}`);
const MATERIALS = KEYS.map((_, k) => k.toString(16).padStart(64, "0"));
export const userArn = (u: number): string => `arn:aws:iam::${ACCOUNT}:user/user-${u}`;
const USERS = Array.from({ length: 200 }, (_, u) =>
  identityOf({
    principal: { kind: "user", account: ACCOUNT, arn: userArn(u), userId: `AIDA${u}`, name: `user-${u}` },
    accessKeyId: `AKIA${u}`,
  }),
);
const ADDRESSES = Array.from({ length: 50 }, (_, a) => `198.51.100.${a}`);

export const requestOf = (n: number): string => n.toString(16).padStart(16, "0");
export const objectOf = (n: number): string =>
  `arn:aws:s3:::bucket-${n % BUCKETS}/data/2026/${(n * 7919) % OBJECTS}.parquet`;

export function recordAt(n: number): TrailRecord {
  const identity = USERS[(n * 7919) % USERS.length];
  const key = KEYS[n % KEYS.length] ?? "";
  const materialId = MATERIALS[n % KEYS.length] ?? "";
  if (identity === undefined) throw new Error("there are users");
  const timeMs = START_MS + n * GAP_MS;
  const denied = n % DENIED_EVERY === DENIED_EVERY - 1;
  const common = {
    identity,
    timeMs,
    region: "eu-central-1",
    userAgent: "Boto3/1.43.11",
    errorCode: denied ? "AccessDenied" : undefined,
    response: "null",
    requestId: requestOf(n),
    eventId: newEventId(timeMs),
    readOnly: true,
    recipient: ACCOUNT,
  };
  if (n % KMS_EVERY === KMS_EVERY - 1) {
    const forRequest = requestOf(n - 1);
    const parts = {
      ...common,
      service: "kms",
      name: "Decrypt",
      invokedBy: "AWS Internal",
      sourceIp: "AWS Internal",
      request: `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"${key}","encryptionContext":{"aws:s3:arn":"${objectOf(n - 1)}"}}`,
      additional: `{"keyMaterialId":"${materialId}","s3RequestID":"${forRequest}"}`,
      resources: `[{"accountId":"${ACCOUNT}","type":"AWS::KMS::Key","ARN":"${key}"}]`,
      management: true,
    };
    return {
      text: eventText(parts),
      timeMs,
      facts: factsOf(parts, { keys: [key], materials: [materialId], forRequest }),
    };
  }
  const object = objectOf(n);
  const bucket = `bucket-${n % BUCKETS}`;
  const writes = n % 8 === 0;
  const parts = {
    ...common,
    service: "s3",
    name: writes ? "PutObject" : "GetObject",
    readOnly: !writes,
    sourceIp: ADDRESSES[n % ADDRESSES.length] ?? "",
    request: `{"bucketName":"${bucket}","Host":"s3.example.test","key":"${object.slice(object.indexOf("/") + 1)}"}`,
    additional: `{"AuthenticationMethod":"AuthHeader","bytesTransferredIn":0,"bytesTransferredOut":4096,"SignatureVersion":"SigV4","SSEApplied":"SSE_KMS","sseKmsKeyArn":"${key}","keyMaterialId":"${materialId}","keyAccess":"bucketKeyCached"}`,
    resources: `[{"type":"AWS::S3::Object","ARN":"${object}"},{"accountId":"${ACCOUNT}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::${bucket}"}]`,
    management: false,
  };
  const links = { buckets: [bucket], objects: [object], keys: [key], materials: [materialId] };
  return { text: eventText(parts), timeMs, facts: factsOf(parts, links) };
}
