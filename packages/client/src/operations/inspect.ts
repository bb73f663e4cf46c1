/** How an object is encrypted, found without any key: one HEAD, and the instruction file when there is one. */
import { HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { plainSizeOfGcm } from "../content/range.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { readEnvelope } from "../envelope/read.ts";
import { S3EncryptionError } from "../errors.ts";
import type { Context, HandlerOptions } from "./context.ts";
import { describe, type ObjectEncryption } from "./describe.ts";
import { loadInstructionFile } from "./instruction-files.ts";

/**
 * @example
 * ```ts
 * const target: ObjectTarget = { Bucket: "b", Key: "k" };
 * console.log((await s3.inspect(target)).encrypted);
 * ```
 */
export interface ObjectTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
  /** Suffix of the instruction file, with its dot. Default `.instruction`. */
  readonly instructionFileSuffix?: string;
}

/**
 * @example
 * ```ts
 * const found: Inspection = await s3.inspect({ Bucket: "b", Key: "k" });
 * if (found.encrypted && found.encryption.format !== "V3") console.log("to be migrated");
 * ```
 */
export type Inspection =
  | {
      readonly encrypted: true;
      readonly encryption: Omit<ObjectEncryption, "authentication">;
      /** Known for GCM content, where the stored size is 16 bytes more. */
      readonly plaintextLength: number | undefined;
      readonly head: HeadObjectCommandOutput;
    }
  | { readonly encrypted: false; readonly head: HeadObjectCommandOutput };

export async function inspectObject(
  context: Context,
  target: ObjectTarget,
  handler: HandlerOptions,
): Promise<Inspection> {
  const { instructionFileSuffix, ...input } = target;
  const head = await context.s3.send(new HeadObjectCommand(input), handler);
  let envelope: Envelope;
  try {
    envelope = await readEnvelope(head.Metadata, () =>
      loadInstructionFile(context, input, instructionFileSuffix, handler),
    );
  } catch (error) {
    if (error instanceof S3EncryptionError && error.code === "NotEncrypted")
      return { encrypted: false, head };
    throw error;
  }
  const { authentication: _, ...encryption } = describe(envelope, head, "none");
  const plaintextLength = envelope.content === "CBC" ? undefined : plainSizeOfGcm(head.ContentLength ?? 0);
  return { encrypted: true, encryption, plaintextLength, head };
}
