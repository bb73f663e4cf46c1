/** `strongroom key verify-certificate FILE --public-key KEY`: needs neither store nor server, only the store's public key. */
import { readFileSync } from "node:fs";
import { UsageError } from "../config.ts";
import { checkCertificate } from "../evidence/certificate.ts";
import { certificateText } from "../evidence/certificate-text.ts";
import type { OfflineJob } from "./job.ts";

const FILE_BYTES_MAX = 1024 ** 2;
/** `<term>:<base64 of 32 bytes>`; the term is for people. */
const PUBLIC_KEY = /^(?:[0-9]+:)?([A-Za-z0-9+/]{43}=)$/;

export const verifyCertificate: OfflineJob = ({ args, options }, output) => {
  const path = args[1];
  if (path === undefined) throw new UsageError("key verify-certificate: give the certificate's file");
  const given = options.get("public-key");
  if (given === undefined || given === true)
    throw new UsageError(
      "key verify-certificate: give --public-key, as `strongroom key public-key` printed it on the store that issued the certificate. Without it a forged certificate would pass.",
    );
  const keys = given.map((text) => {
    const [, base64] = PUBLIC_KEY.exec(text.trim()) ?? [];
    if (base64 === undefined) throw new UsageError("--public-key: not a key as `key public-key` prints it");
    return base64;
  });
  const check = checkCertificate(readText(path), keys);
  if (options.has("json")) output.out(JSON.stringify(check));
  else if (check.kind === "invalid") output.err(`INVALID: ${check.why}.`);
  else for (const line of certificateText(check.certificate)) output.out(line);
  return Promise.resolve(check.kind === "valid" ? 0 : 1);
};

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new UsageError(`key verify-certificate: ${path} can't be read`, { cause });
  }
  if (bytes.length > FILE_BYTES_MAX) throw new UsageError(`${path} is too long for a certificate`);
  return bytes.toString("utf8");
}
