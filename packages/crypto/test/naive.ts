/**
 * The sealed format written a second time, naively, straight from its document with plain `node:crypto` calls and none of
 * the package's code. Slow and obvious on purpose: what it and the package agree on is what the document says.
 */
import { createCipheriv, createHash, createHmac } from "node:crypto";

type Bytes = Uint8Array;
export const ascii = (text: string): Buffer => Buffer.from(text, "utf8");
export const cat = (...parts: readonly Bytes[]): Buffer => Buffer.concat(parts);
export const u8 = (n: number): Buffer => Buffer.from([n]);
export function u32(n: number): Buffer {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
}
export function u64(n: number): Buffer {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
}
export const LP = (x: Bytes): Buffer => cat(u32(x.length), x);
export const LPt = (text: string): Buffer => LP(ascii(text));
export const sha256 = (x: Bytes): Buffer => createHash("sha256").update(x).digest();
export const hmac256 = (key: Bytes, x: Bytes): Buffer => createHmac("sha256", key).update(x).digest();
export const hmac512 = (key: Bytes, x: Bytes): Buffer => createHmac("sha512", key).update(x).digest();
export const E256 = (key: Bytes, info: Bytes): Buffer => hmac256(key, cat(info, u8(1)));
export const E512 = (key: Bytes, info: Bytes): Buffer => hmac512(key, cat(info, u8(1)));
const ZERO12 = Buffer.alloc(12);

export function gcm(key: Bytes, nonce: Bytes, plaintext: Bytes, aad: Bytes = Buffer.alloc(0)): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad);
  return cat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** A segment's piece and how it is sealed: whatever the recipe says, right or wrong. */
export interface Recipe {
  readonly piece: Bytes;
  readonly index: number;
  readonly final: boolean;
}

export function stream(dek: Bytes, layer: number, salt: Bytes, recipes: readonly Recipe[]): Buffer {
  const prefix = cat(ascii("SRM1"), u8(1), u8(16), u8(0), u8(layer));
  const okm = E512(dek, cat(ascii("strongroom/v1/stream"), prefix, salt));
  const segments = recipes.map(({ piece, index, final }) =>
    gcm(okm.subarray(0, 32), cat(Buffer.alloc(3), u64(index), u8(final ? 1 : 0)), piece),
  );
  return cat(prefix, salt, okm.subarray(32), ...segments);
}

export function recipesOf(plaintext: Bytes): readonly Recipe[] {
  const recipes: Recipe[] = [];
  let at = 0;
  do {
    const piece = plaintext.subarray(at, at + 65536);
    at += 65536;
    recipes.push({ piece, index: recipes.length, final: at >= plaintext.length });
  } while (at < plaintext.length);
  return recipes;
}

export interface Identity {
  readonly kind: string;
  readonly mode: string;
  readonly bucketId: Bytes;
  readonly objectKey: string;
  readonly versionUid: Bytes;
  readonly layer: number;
  readonly form: number;
}

export function envelope(
  kek: Bytes,
  id: Identity,
  wrapSalt: Bytes,
  dek: Bytes,
  inner: Bytes,
  kekReference: Bytes,
  manifestHash: Bytes,
): Buffer {
  const identity = cat(
    LPt("strongroom/v1/envelope"),
    LPt(id.kind),
    LPt(id.mode),
    id.bucketId,
    LPt(id.objectKey),
    id.versionUid,
    u8(id.layer),
    u8(id.form),
  );
  const wrapKey = E256(kek, cat(identity, wrapSalt));
  return gcm(wrapKey, ZERO12, cat(dek, LP(inner)), cat(LP(kekReference), manifestHash));
}

export const ssec = (checkSalt: Bytes, customerKey: Bytes): Buffer =>
  hmac512(checkSalt, cat(ascii("strongroom/v1/ssec"), customerKey));

export const partChecksums = (dek: Bytes, commitment: Bytes, encoded: Bytes): Buffer =>
  gcm(E256(dek, cat(ascii("strongroom/v1/part"), commitment)), ZERO12, encoded);

export const completionKey = (dek: Bytes): Buffer => E256(dek, ascii("strongroom/v1/complete"));
export const manifestTag = (dek: Bytes, hash: Bytes): Buffer =>
  hmac256(completionKey(dek), cat(ascii("strongroom/v1/manifest"), hash));

export function record(
  metadataKey: Bytes,
  term: number,
  sealSalt: Bytes,
  nonce: Bytes,
  table: string,
  key: Bytes,
  body: Bytes,
): Buffer {
  const recordKey = E256(metadataKey, cat(ascii("strongroom/v1/record"), sealSalt));
  return cat(u32(term), sealSalt, nonce, gcm(recordKey, nonce, body, cat(LPt(table), LP(key))));
}

export function kmsBlob(
  material: Bytes,
  multiRegion: boolean,
  keyUuid: Bytes,
  materialId: Bytes,
  salt: Bytes,
  keyArn: string,
  context: Bytes,
  plaintext: Bytes,
): Buffer {
  const header = cat(ascii("SK"), u8(1), u8(1), u8(multiRegion ? 1 : 0), keyUuid, materialId, salt);
  const key = E256(material, cat(ascii("strongroom/v1/kms"), salt));
  return cat(header, gcm(key, ZERO12, plaintext, cat(header, LPt(keyArn), context)));
}

export const materialId = (material: Bytes, keyArn: string): Buffer =>
  hmac256(E256(material, ascii("strongroom/v1/material-id")), ascii(keyArn));

export function keyRecord(
  termKey: Bytes,
  term: number,
  salt: Bytes,
  kind: string,
  storeId: Bytes,
  id: Bytes,
  key: Bytes,
): Buffer {
  const recordKey = E256(termKey, cat(ascii("strongroom/v1/keyrecord"), salt));
  return cat(u32(term), salt, gcm(recordKey, ZERO12, key, cat(LPt(kind), storeId, LP(id), u32(term))));
}

export function context(pairs: readonly (readonly [string, string])[]): Buffer {
  const sorted = [...pairs].sort((a, b) => Buffer.compare(ascii(a[0]), ascii(b[0])));
  return cat(u32(sorted.length), ...sorted.map(([k, v]) => cat(LPt(k), LPt(v))));
}

export const hash512 = (text: string): Buffer => createHash("sha512").update(text).digest();
