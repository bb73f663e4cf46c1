/** Buffers of one size that are used again: fresh ones of a quarter MiB cost page faults and garbage. */
import { BLOB_BUFFER_BYTES, BLOB_BUFFERS_IDLE_MAX } from "../../base/limits.ts";

const idle: Uint8Array[] = [];

export const takeBuffer = (): Uint8Array => idle.pop() ?? new Uint8Array(BLOB_BUFFER_BYTES);

/** The giver must be the only holder, with no read or write of the kernel's under way on it. */
export function giveBuffer(buffer: Uint8Array): void {
  if (idle.length < BLOB_BUFFERS_IDLE_MAX) idle.push(buffer);
}
