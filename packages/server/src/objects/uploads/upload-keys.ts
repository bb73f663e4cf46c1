/**
 * Row keys of uploads. An upload's uid begins with the time of its initiation, so that uploads of one key sort by it; the
 * id that clients see is its hex form.
 *
 *     upload   bucketId(16) || escapedKey || 00 00 || uploadUid(16)       open and completing ones
 *     part     uploadUid(16) || part number(2)                            the latest attempt owns the row and its blob
 *     ended    uploadUid(16)                                              completed and aborted ones
 *
 * Normative: docs/format/bucket-and-upload-rows.md.
 */
import { randomBytes } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import type { RowKey } from "../../store/port.ts";

declare const uidBrand: unique symbol;
/** Milliseconds of initiation (6 bytes), then 10 random bytes. */
export type UploadUid = Uint8Array & { readonly [uidBrand]: true };

export const UID_BYTES = 16;
const TIME_BYTES = 6;
const SEPARATOR_BYTES = 2;
const SHAPE = /^[0-9a-f]{32}$/;

export function newUploadUid(nowMs: number): UploadUid {
  const uid = randomBytes(UID_BYTES);
  for (let i = TIME_BYTES - 1, rest = nowMs; i >= 0; i--, rest = Math.floor(rest / 256)) uid[i] = rest % 256;
  return uid as UploadUid;
}

export function initiatedMs(uid: UploadUid): number {
  let ms = 0;
  for (let i = 0; i < TIME_BYTES; i++) ms = ms * 256 + (uid[i] ?? 0);
  return ms;
}

export const uploadIdOf = (uid: UploadUid): string => Buffer.from(uid).toString("hex");

/** Undefined for what this store never issues. */
export function parseUploadId(text: string): UploadUid | undefined {
  return SHAPE.test(text) ? (new Uint8Array(Buffer.from(text, "hex")) as UploadUid) : undefined;
}

export function noSuchUpload(uploadId: string): never {
  fail("NoSuchUpload", { elements: { UploadId: uploadId } });
}

export function uploadKey(pointer: Uint8Array, uid: UploadUid): Uint8Array {
  const out = new Uint8Array(pointer.length + SEPARATOR_BYTES + UID_BYTES);
  out.set(pointer);
  out.set(uid, pointer.length + SEPARATOR_BYTES);
  return out;
}

/** The pointer key and the uid in a row key of `upload`. */
export function splitUploadKey(key: Uint8Array): { readonly pointer: Uint8Array; readonly uid: UploadUid } {
  const end = key.length - UID_BYTES;
  return { pointer: key.slice(0, end - SEPARATOR_BYTES), uid: key.slice(end) as UploadUid };
}

export function partRow(uid: UploadUid, partNumber: number): RowKey {
  const key = new Uint8Array(UID_BYTES + 2);
  key.set(uid);
  key[UID_BYTES] = partNumber >>> 8;
  key[UID_BYTES + 1] = partNumber;
  return { table: "part", key };
}

export const uploadOfPart = (key: Uint8Array): UploadUid => key.slice(0, UID_BYTES) as UploadUid;

export const partNumberOf = (key: Uint8Array): number =>
  (key[UID_BYTES] ?? 0) * 256 + (key[UID_BYTES + 1] ?? 0);

export const endedRow = (uid: UploadUid): RowKey => ({ table: "ended", key: uid });
