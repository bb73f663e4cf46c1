/** Store's public keys as people pass them on, and files that they signed. */
import { readFileSync } from "node:fs";
import { reasonOf, UsageError } from "../config.ts";
import type { JobInput } from "./job.ts";

const FILE_BYTES_MAX = 1024 ** 2;
/** `<term>:<base64 of 32 bytes>`; the term is for people. */
const PUBLIC_KEY = /^(?:[0-9]+:)?([A-Za-z0-9+/]{43}=)$/;

/** `command`: for messages. Without a key given, a forged file would pass: UsageError. */
export function publicKeysGiven(options: JobInput["options"], command: string): readonly string[] {
  const given = options.get("public-key");
  if (given === undefined || given === true)
    throw new UsageError(
      `${command}: give --public-key, as \`strongroom key public-key\` printed it on the store that signed the file. Without it a forged one would pass.`,
    );
  return given.map((text) => {
    const [, base64] = PUBLIC_KEY.exec(text.trim()) ?? [];
    if (base64 === undefined) throw new UsageError("--public-key: not a key as `key public-key` prints it");
    return base64;
  });
}

export function readSigned(path: string, command: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new UsageError(`${command}: ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
  if (bytes.length > FILE_BYTES_MAX) throw new UsageError(`${command}: ${path} is too long`);
  return bytes.toString("utf8");
}
