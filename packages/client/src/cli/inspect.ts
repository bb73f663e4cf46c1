/** inspect: how an object is encrypted, without any key. */
import { RawAesKeyring, S3EncryptionClient } from "../index.ts";
import { type CommonOptions, s3Of } from "./client-options.ts";
import type { S3Target } from "./target.ts";

/** Inspecting opens no envelope, but a client wants a keyring: this one is never asked. */
export function inspectorOf(options: CommonOptions): S3EncryptionClient {
  return new S3EncryptionClient({
    client: s3Of(options),
    keyring: new RawAesKeyring({ key: new Uint8Array(32) }),
  });
}

export async function inspect(
  target: S3Target,
  options: CommonOptions & { json?: boolean },
): Promise<string> {
  const suffix = options.suffix === undefined ? {} : { instructionFileSuffix: options.suffix };
  const found = await inspectorOf(options).inspect({ ...target, ...suffix });
  if (!found.encrypted)
    return options.json === true ? JSON.stringify({ encrypted: false }) : "not encrypted by the client";
  const { encryption, plaintextLength } = found;
  if (options.json === true) return JSON.stringify({ encrypted: true, ...encryption, plaintextLength });
  const commits = encryption.format === "V3" ? "yes" : "no";
  const rows: [string, string][] = [
    ["format", encryption.format],
    ["content", encryption.algorithm],
    ["commits to its key", commits],
    ["wrap", encryption.wrappingAlgorithm],
    ["context or description", JSON.stringify(encryption.description)],
    ["envelope in", encryption.inInstructionFile ? "instruction file" : "object metadata"],
    ["stored bytes", String(encryption.storedContentLength ?? "unknown")],
    ["plaintext bytes", String(plaintextLength ?? "unknown")],
  ];
  return rows.map(([name, value]) => `${name.padEnd(24)}${value}`).join("\n");
}
