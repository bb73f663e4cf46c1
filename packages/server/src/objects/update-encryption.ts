/**
 * UpdateObjectEncryption (spec J): another KMS key for a stored version, by re-wrapping 32 bytes. ETag, dates, version id,
 * metadata, tags and checksums stay; nothing of the data is read or moved.
 */
import { decodeContext, decodeKekReference } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import type { EncryptionContext } from "../kms/port.ts";
import type { Bucket, UpdateEncryptionInput } from "./api.ts";
import { changeReference, mayBeRewrapped } from "./content/share.ts";
import type { Core } from "./core.ts";
import { bucketArn, fullContext, objectArn, userPairs } from "./encryption/context.ts";
import { openVersion, wrapVersion } from "./encryption/envelopes.ts";
import { disposeKeks, keksForWrite, shownOf } from "./encryption/keks.ts";
import { viaKms } from "./encryption/kms-errors.ts";
import { formerOpeners } from "./encryption/opened-by.ts";
import { requireKmsTransport } from "./encryption/resolve-write.ts";
import { targetOf } from "./publish.ts";
import { findObject } from "./read-open.ts";
import { draftOf, type ObjectDraft, type ObjectVersion } from "./rows/version-record.ts";

export async function updateEncryption(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: UpdateEncryptionInput,
): Promise<void> {
  if (caller.signature === "none") {
    fail(
      "InvalidRequest",
      "Requests that modify an object encryption configuration require AWS Signature Version 4.",
    );
  }
  if (input.keyArn.split(":")[4] !== bucket.owner) {
    fail("AccessDenied", "The AWS KMS key in the request must be owned by the same account as the bucket.");
  }
  const target = targetOf(bucket, input.key);
  await core.publisher.rewrite(target, async () => {
    const standing = await findObject(core, target, input.versionId);
    const { version } = standing;
    checkSource(version);
    requireKmsTransport(caller);
    if (!(await mayBeRewrapped(core.records, version))) tooManyKeys();
    const { draft, references } = await rewrapped(core, caller, bucket, version, input);
    const extra = await changeReference(core.records, version, version.uid, references);
    return { standing, draft, extra, result: undefined };
  });
}

function checkSource(version: ObjectVersion): void {
  if (version.mode === "SSE-C" || version.mode === "DSSE-KMS") {
    fail(
      "InvalidRequest",
      "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C.",
    );
  }
}

/** AWS knows no such limit; a copy gets a data key of its own, and with it a list of its own. */
function tooManyKeys(): never {
  fail(
    "InvalidRequest",
    "The object's data key has been encrypted under too many AWS KMS keys. Copy the object onto itself, or to another key, under the key that you want.",
  );
}

async function rewrapped(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  version: ObjectVersion,
  input: UpdateEncryptionInput,
): Promise<{ readonly draft: ObjectDraft; readonly references: readonly Uint8Array[] }> {
  const { keyArn, bucketKey } = input;
  // The user's pairs stay; the store's own pair is the default one (J). The bucket's rule is not consulted.
  const arn = bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, input.key);
  const source = contextOf(version);
  const context = fullContext(source === undefined ? undefined : userPairs(source), arn);
  await authorise(core, caller, version, source, input, context);
  const encryption = { mode: "SSE-KMS", keyId: keyArn, bucketKey, context } as const;
  const bytes = version.manifest.plaintextSize;
  const { keks } = await keksForWrite(core.sources, caller, bucket.id, encryption, bytes);
  try {
    using opened = await openVersion(core.sources, caller, version, undefined);
    const identity = { mode: "SSE-KMS", bucketId: bucket.id, key: input.key, uid: version.uid } as const;
    const envelopes = wrapVersion(identity, keks, opened.deks, version.manifestBytes, opened.private, true);
    const references = keks.map(({ reference }) => reference);
    const openedBy = formerOpeners(version, references);
    return { draft: { ...draftOf(version), envelopes, openedBy }, references };
  } finally {
    disposeKeks(keks);
  }
}

/** The caller must hold all of the rights that AWS names, also those whose cryptography is done another way here. */
async function authorise(
  core: Core,
  caller: Caller,
  version: ObjectVersion,
  source: EncryptionContext | undefined,
  { keyArn }: UpdateEncryptionInput,
  context: EncryptionContext,
): Promise<void> {
  const { kms } = core.sources;
  const shown = shownOf(version, undefined);
  if (source !== undefined && shown.mode === "SSE-KMS") {
    const from = shown.keyArn;
    await viaKms(from, () => kms.authoriseUse(caller, from, "ReEncryptFrom", source));
  }
  await viaKms(keyArn, () => kms.authoriseUse(caller, keyArn, "ReEncryptTo", context));
  await viaKms(keyArn, () => kms.authoriseUse(caller, keyArn, "Encrypt", context));
  await viaKms(keyArn, () => kms.authoriseUse(caller, keyArn, "Decrypt", context));
}

function contextOf(version: ObjectVersion): EncryptionContext | undefined {
  const ref = decodeKekReference(version.envelopes[0].kekReference);
  return ref.kind === "kms" || ref.kind === "kms-bucket-key" ? decodeContext(ref.context) : undefined;
}
