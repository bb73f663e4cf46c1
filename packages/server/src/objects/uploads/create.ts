/** CreateMultipartUpload: decides everything about the object to be but its parts, and wraps its deks. */
import { encodeManifest } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import { accountOf, type Caller } from "../../base/caller.ts";
import { newContentId, newVersionUid } from "../../base/ids.ts";
import { retrying } from "../../store/retry.ts";
import type { Bucket, ChecksumType, CreateUploadInput, CreateUploadResult } from "../api.ts";
import { isLinear } from "../checksum/algorithms.ts";
import { newDeks } from "../content/seal.ts";
import { disposeDeks } from "../encryption/envelopes.ts";
import { type Core, requireWritable } from "../core.ts";
import { disposeKeks, keksForWrite } from "../encryption/keks.ts";
import { resolveWrite } from "../encryption/resolve-write.ts";
import { type Target, targetOf } from "../publish.ts";
import { wrapUpload } from "./upload-deks.ts";
import { newUploadUid, uploadIdOf, uploadKey } from "./upload-keys.ts";
import { type Initiator, uploadCodec, uploadOf, type UploadRecord } from "./upload-record.ts";

export async function createUpload(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: CreateUploadInput,
): Promise<CreateUploadResult> {
  const { key, headers, metadata, tags } = input;
  const target = targetOf(bucket, key);
  const checksum = checksumFor(input);
  const encryption = resolveWrite({
    caller,
    bucket,
    key,
    headers: input.encryption,
    action: "s3:PutObject",
  });
  requireWritable(core);
  const uid = newVersionUid();
  const manifestBytes = encodeManifest({
    bucketId: bucket.id,
    objectKey: key,
    versionUid: uid,
    contentId: newContentId(),
    plaintextSize: 0,
    etag: new Uint8Array(16),
    checksum,
    shownPartCount: 0,
    contentHeaders: headers,
    userMetadata: metadata,
    streams: { kind: "inline", entries: [] },
  });
  const { keks, shown } = await keksForWrite(core.sources, caller, bucket.id, encryption, 0);
  const deks = newDeks(encryption.mode === "DSSE-KMS" ? 2 : 1);
  try {
    const identity = { mode: encryption.mode, bucketId: bucket.id, key, uid };
    const { sse, keyId } = input.encryption;
    const upload = uploadOf({
      state: { kind: "open" },
      manifestBytes,
      ...wrapUpload(identity, keks, deks, manifestBytes),
      checksum,
      tags,
      access: { ...(sse === undefined ? {} : { sse }), ...(keyId === undefined ? {} : { keyId }) },
      initiator: initiatorOf(caller),
      // The commit says what it found.
      found: undefined,
    });
    const uploadId = await commitUpload(core, target, upload);
    return {
      uploadId,
      encryption: shown,
      ...(checksum === undefined
        ? {}
        : { checksumAlgorithm: checksum.algorithm, checksumType: checksum.type }),
    };
  } finally {
    disposeDeks(deks);
    disposeKeks(keks);
  }
}

async function commitUpload(core: Core, target: Target, upload: UploadRecord): Promise<string> {
  const { records } = core;
  // Another uid at each try: a commit whose answer was lost may have landed.
  return retrying(records.store, async () => {
    const uploadUid = newUploadUid(core.clock.now());
    const row = uploadKey(target.pointer, uploadUid);
    const { current, life } = await core.publisher.read(target);
    const found = current?.version.uid ?? "nothing";
    const draft = {
      expect: [life, { table: "upload" as const, key: row, rev: "absent" as const }],
      put: [records.seal(uploadCodec, "upload", row, { ...upload, found })],
    };
    return { draft, result: uploadIdOf(uploadUid) };
  });
}

function initiatorOf({ principal }: Caller): Initiator | undefined {
  const account = accountOf(principal);
  if (account === undefined) return undefined;
  if (principal.kind === "user") return { account, arn: principal.arn, name: principal.name };
  if (principal.kind === "role-session" || principal.kind === "federated")
    return { account, arn: principal.arn, name: principal.userId };
  return { account, arn: "", name: "" };
}

/** CRCs combine, so they can cover the whole object; digests of digests are composite. CRC64NVME is never composite. */
function checksumFor(input: CreateUploadInput): UploadRecord["checksum"] {
  const { checksumAlgorithm: algorithm, checksumType: asked } = input;
  if (algorithm === undefined) {
    if (asked === undefined) return undefined;
    fail(
      "InvalidRequest",
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const type: ChecksumType = asked ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  const possible = type === "COMPOSITE" ? algorithm !== "CRC64NVME" : isLinear(algorithm);
  if (!possible) {
    fail(
      "InvalidRequest",
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, type };
}
