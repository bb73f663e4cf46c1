/** Range headers of the client: what is accepted makes sense. */
import { parseRange } from "../../packages/client/src/content/range.ts";
import { S3EncryptionError } from "../../packages/client/src/errors.ts";
import type { FuzzTarget } from "./target.ts";

/** Our own errors are answers; anything else is a bug. */
function allow(error: unknown): void {
  if (!(error instanceof S3EncryptionError)) throw error;
}

export const target: FuzzTarget = {
  seeds: ["bytes=0-15", "bytes=5-", "bytes=-5"].map((s) => new TextEncoder().encode(s)),
  run(bytes) {
    try {
      const range = parseRange(Buffer.from(bytes).toString("latin1"));
      if (
        "suffix" in range
          ? !(range.suffix > 0)
          : !(range.first >= 0 && (range.last ?? range.first) >= range.first)
      )
        throw new Error("a nonsense range was accepted");
    } catch (error) {
      allow(error);
    }
  },
};
