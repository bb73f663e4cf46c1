/**
 * The keys of an upload: its deks wrapped at Create (kind "upload", under the creation-time manifest), opened as the caller
 * for each part and for Complete (spec E.5), and the rules of the customer's key on the way (spec C.6).
 */
import {
  completionKey,
  CryptoError,
  decodeKekReference,
  manifestHash,
  type SecretKey,
  type StoredEnvelope,
  unwrapDek,
  wrapDek,
} from "@strongroom/crypto";
import { IntegrityError, ServiceError } from "../../base/errors.ts";
import type { Caller } from "../../base/caller.ts";
import type { Bucket } from "../api.ts";
import { objectArn } from "../encryption/context.ts";
import { type Deks, disposeDeks, type Envelopes, type WrapIdentity } from "../encryption/envelopes.ts";
import {
  customerKekOf,
  disposeKeks,
  type Kek,
  kekForRead,
  type Keks,
  type KekSources,
} from "../encryption/keks.ts";
import { ssecBlocked, ssecNeedsTls, uploadNeedsParameters, uploadOtherKey } from "../encryption/refusals.ts";
import { checkSsecWrite, requireKmsTransport } from "../encryption/resolve-write.ts";
import type { SsecRequest } from "../encryption/ssec-request.ts";
import type { UploadRecord } from "./upload-record.ts";

/** SSE-C uploads are completed without the key: form 2, for ever. */
const formOf = (identity: Pick<WrapIdentity, "mode">): 1 | 2 => (identity.mode === "SSE-C" ? 2 : 1);

export function wrapUpload(
  identity: WrapIdentity,
  keks: Keks,
  deks: Deks,
  manifestBytes: Uint8Array,
): { readonly envelopes: Envelopes; readonly completionKey: SecretKey<"completion"> | undefined } {
  const hash = manifestHash(manifestBytes);
  const form = formOf(identity);
  const wrap = (layer: 0 | 1, kek: Kek, dek: SecretKey<"dek">): StoredEnvelope => {
    const kekReference = kek.reference;
    const { wrapSalt, wrapped } = wrapDek({
      dek,
      kek: kek.key,
      identity: identityOf(identity, layer, form),
      kekReference,
      manifestHash: hash,
    });
    return { kind: "upload", mode: identity.mode, layer, form, wrapSalt, kekReference, wrapped };
  };
  const first = wrap(0, keks[0], deks[0]);
  const [, outerKek] = keks;
  const [, outerDek] = deks;
  const envelopes: Envelopes =
    outerKek === undefined || outerDek === undefined ? [first] : [first, wrap(1, outerKek, outerDek)];
  return { envelopes, completionKey: form === 2 ? completionKey(deks[0]) : undefined };
}

const identityOf = (identity: WrapIdentity, layer: 0 | 1, form: 1 | 2) =>
  ({
    kind: "upload",
    mode: identity.mode,
    bucketId: identity.bucketId,
    objectKey: identity.key,
    versionUid: identity.uid,
    layer,
    form,
  }) as const;

/** An upload whose deks are open; the keks stay at hand for the final wrap. */
export class OpenUpload {
  readonly deks: Deks;
  readonly keks: Keks;
  constructor(deks: Deks, keks: Keks) {
    this.deks = deks;
    this.keks = keks;
  }
  [Symbol.dispose](): void {
    disposeDeks(this.deks);
    disposeKeks(this.keks);
  }
}

/** Calls the key service as the caller where the mode has one. Throws InvalidRequest for another customer's key (C.6). */
export async function openUpload(
  sources: KekSources,
  caller: Caller,
  upload: UploadRecord,
  customer: SecretKey<"customer"> | undefined,
): Promise<OpenUpload> {
  const [first, second] = upload.envelopes;
  const hash = manifestHash(upload.manifestBytes);
  const inner = await kekOf(sources, caller, first, customer);
  let outer: Kek | undefined;
  let dek: SecretKey<"dek"> | undefined;
  try {
    dek = unwrap(upload, first, inner, hash);
    if (second === undefined) return new OpenUpload([dek], [inner]);
    outer = await kekForRead(sources, caller, second, undefined);
    return new OpenUpload([dek, unwrap(upload, second, outer, hash)], [inner, outer]);
  } catch (error) {
    dek?.[Symbol.dispose]();
    disposeKeks(outer === undefined ? [inner] : [inner, outer]);
    throw error;
  }
}

async function kekOf(
  sources: KekSources,
  caller: Caller,
  envelope: StoredEnvelope,
  customer: SecretKey<"customer"> | undefined,
): Promise<Kek> {
  const ref = decodeKekReference(envelope.kekReference);
  if (ref.kind !== "customer") return kekForRead(sources, caller, envelope, undefined);
  if (customer === undefined) throw new IntegrityError("a customer's key is needed and none was resolved");
  try {
    return { key: customerKekOf(ref, customer), reference: envelope.kekReference, own: true };
  } catch (error) {
    if (error instanceof ServiceError) uploadOtherKey();
    throw error;
  }
}

function unwrap(
  upload: UploadRecord,
  envelope: StoredEnvelope,
  kek: Kek,
  hash: Uint8Array,
): SecretKey<"dek"> {
  const { bucketId, key, uid, mode } = upload;
  const identity = { mode, bucketId, key, uid };
  try {
    return unwrapDek({
      kek: kek.key,
      identity: identityOf(identity, envelope.layer, formOf(identity)),
      kekReference: envelope.kekReference,
      wrapSalt: envelope.wrapSalt,
      wrapped: envelope.wrapped,
      manifestHash: hash,
    }).dek;
  } catch (cause) {
    if (cause instanceof CryptoError) throw new IntegrityError("an upload's envelope does not open", cause);
    throw cause;
  }
}

export interface CustomerCheck {
  readonly key: SecretKey<"customer">;
  readonly keyMd5: string;
}

/** C.6 for a part: the key must come with an SSE-C upload, and with no other. Then block and transport, as on any write. */
export function checkPartKey(
  caller: Caller,
  bucket: Bucket,
  upload: UploadRecord,
  ssec: SsecRequest,
): CustomerCheck | undefined {
  if (ssec.absent !== (upload.mode !== "SSE-C")) uploadNeedsParameters();
  return checkKey(caller, bucket, upload, ssec);
}

/**
 * C.6 for Complete and ListParts: the key may be left out unless checksums are in play. `blocks`: whether this is a write,
 * which a bucket that has blocked SSE-C refuses (C.9).
 */
export function checkOptionalKey(
  caller: Caller,
  bucket: Bucket,
  upload: UploadRecord,
  ssec: SsecRequest,
  blocks: boolean,
): CustomerCheck | undefined {
  if (!ssec.absent && upload.mode !== "SSE-C") uploadNeedsParameters();
  if (ssec.absent && upload.mode === "SSE-C") {
    if (upload.checksum !== undefined) checkSsecWrite(ssec, undefined);
    if (blocks) checkBlock(caller, bucket, upload);
    return undefined;
  }
  return checkKey(caller, blocks ? bucket : undefined, upload, ssec);
}

function checkKey(
  caller: Caller,
  bucket: Bucket | undefined,
  upload: UploadRecord,
  ssec: SsecRequest,
): CustomerCheck | undefined {
  if (upload.mode === "SSE-KMS" || upload.mode === "DSSE-KMS") requireKmsTransport(caller);
  if (upload.mode !== "SSE-C") return undefined;
  const customer = checkSsecWrite(ssec, undefined);
  if (bucket !== undefined) checkBlock(caller, bucket, upload);
  if (!caller.keysMayPass) ssecNeedsTls();
  return customer;
}

function checkBlock(caller: Caller, bucket: Bucket, upload: UploadRecord): void {
  if (bucket.encryption.ssecBlocked !== true) return;
  const { principal } = caller;
  const who = "arn" in principal ? principal.arn : "anonymous";
  ssecBlocked(who, "s3:PutObject", objectArn(bucket.name, upload.key));
}
