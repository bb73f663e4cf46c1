/**
 * How the final manifest of an SSE-C multipart upload is bound although Complete may come without the key (sealed format,
 * section 4, form 2). The completion key stands in the open upload's sealed record and goes in the commit that completes.
 */
import { timingSafeEqual } from "node:crypto";
import { Writer } from "./bytes.ts";
import { e256, hmac256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { anyKeyBytes, keyBytes, SecretKey } from "./secret-key.ts";

/** completionKey = E256(dek, label). */
export function completionKey(dek: SecretKey<"dek">): SecretKey<"completion"> {
  const bytes = e256(keyBytes(dek, "dek"), new Writer(32).raw(LABELS.complete));
  const key = SecretKey.fromBytes("completion", bytes);
  bytes.fill(0);
  return key;
}

/**
 * A copy of the completion key's 32 bytes, only for the body of the open upload's sealed record;
 * `SecretKey.fromBytes("completion", ...)` is the way back.
 */
export function completionKeyForRecord(key: SecretKey<"completion">): Uint8Array {
  if (key.purpose !== "completion") throw new CryptoError("BadKey", `${key.id} is no completion key`);
  return new Uint8Array(anyKeyBytes(key));
}

/** manifestTag = HMAC-SHA-256(completionKey, label || SHA-256(manifest)), 32 bytes. */
export function manifestTag(key: SecretKey<"completion">, manifestHash: Uint8Array): Uint8Array {
  const message = new Writer(64).raw(LABELS.manifest).fixed(manifestHash, 32);
  return hmac256(keyBytes(key, "completion"), message.done());
}

/** A reader of form 2 MUST call this before any segment. Throws ManifestMismatch (constant time). */
export function verifyManifestTag(dek: SecretKey<"dek">, manifestHash: Uint8Array, tag: Uint8Array): void {
  using key = completionKey(dek);
  const expected = manifestTag(key, manifestHash);
  if (tag.length !== expected.length || !timingSafeEqual(tag, expected)) {
    throw new CryptoError("ManifestMismatch", "manifest tag");
  }
}
