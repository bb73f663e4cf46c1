/** `strongroom key verify-certificate FILE --public-key KEY`: needs neither store nor server, only the store's public key. */
import { UsageError } from "../config.ts";
import { checkCertificate } from "../evidence/certificate.ts";
import { certificateText } from "../evidence/certificate-text.ts";
import type { OfflineJob } from "./job.ts";
import { publicKeysGiven, readSigned } from "./signed-files.ts";

const COMMAND = "key verify-certificate";

export const verifyCertificate: OfflineJob = ({ args, options }, output) => {
  const path = args[1];
  if (path === undefined) throw new UsageError("key verify-certificate: give the certificate's file");
  const keys = publicKeysGiven(options, COMMAND);
  const check = checkCertificate(readSigned(path, COMMAND), keys);
  if (options.has("json")) output.out(JSON.stringify(check));
  else if (check.kind === "invalid") output.err(`INVALID: ${check.why}.`);
  else for (const line of certificateText(check.certificate)) output.out(line);
  return Promise.resolve(check.kind === "valid" ? 0 : 1);
};
