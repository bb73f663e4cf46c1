/** Digests as clients send them: base64, as RFC 4648 section 4 writes it and in no other way. */
import type { ChecksumAlgorithm } from "../api.ts";
import { checksumBytes } from "./algorithms.ts";

/**
 * Undefined unless the text is the base64 of a digest's size. A text whose unused bits are set stands for the same bytes as
 * another one: S3 takes it for no checksum.
 */
export function digestBytes(algorithm: ChecksumAlgorithm, text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === checksumBytes(algorithm) && bytes.toString("base64") === text ? bytes : undefined;
}
