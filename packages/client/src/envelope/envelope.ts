/** One object's envelope, parsed: what stands in its metadata or instruction file, with every length checked. */
import type { WrappingAlgorithm } from "../suites.ts";
import type { StringMap } from "./json-map.ts";

interface EnvelopeBase {
  readonly wrap: WrappingAlgorithm;
  readonly wrapped: Uint8Array;
  /** KMS encryption context as stored, or material description; which one follows from `wrap`. */
  readonly description: StringMap;
  readonly inInstructionFile: boolean;
}

export type Envelope = EnvelopeBase &
  (
    | { readonly format: "V1"; readonly content: "CBC"; readonly iv: Uint8Array }
    | { readonly format: "V2"; readonly content: "CBC" | "GCM"; readonly iv: Uint8Array }
    | {
        readonly format: "V3";
        readonly content: "COMMIT";
        readonly messageId: Uint8Array;
        readonly commitment: Uint8Array;
      }
  );
