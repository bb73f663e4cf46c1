/** What can be told about an object's encryption without any key. */
import type { Envelope } from "../envelope/envelope.ts";
import { CONTENT, type EncryptionAlgorithm, type EnvelopeFormat, type WrappingAlgorithm } from "../suites.ts";

/**
 * How plaintext was released: `none` means that nothing detects tampering (ranges, AES-CBC).
 *
 * @example
 * ```ts
 * const { Encryption } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * const how: Authentication = Encryption.authentication;
 * console.log(how === "buffered"); // verified before anything was released
 * ```
 */
export type Authentication = "buffered" | "delayed" | "none";

/**
 * Beside the output of GetObject: how the object is encrypted, and the sizes as stored.
 *
 * @example
 * ```ts
 * const { Encryption } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * const { format, wrappingAlgorithm }: ObjectEncryption = Encryption;
 * console.log(format, wrappingAlgorithm); // V3 AES/GCM
 * ```
 */
export interface ObjectEncryption {
  readonly format: EnvelopeFormat;
  readonly algorithm: EncryptionAlgorithm;
  readonly wrappingAlgorithm: WrappingAlgorithm;
  /** Encryption context or material description, as stored. Not secret, and not authenticated before the key is opened. */
  readonly description: Readonly<Record<string, string>>;
  readonly inInstructionFile: boolean;
  readonly authentication: Authentication;
  readonly storedContentLength: number | undefined;
  readonly storedContentRange: string | undefined;
}

export function describe(
  envelope: Envelope,
  output: { ContentLength?: number | undefined; ContentRange?: string | undefined },
  authentication: Authentication,
): ObjectEncryption {
  return {
    format: envelope.format,
    algorithm: CONTENT[envelope.content].algorithm,
    wrappingAlgorithm: envelope.wrap,
    description: Object.fromEntries(envelope.description),
    inInstructionFile: envelope.inInstructionFile,
    authentication,
    storedContentLength: output.ContentLength,
    storedContentRange: output.ContentRange,
  };
}
