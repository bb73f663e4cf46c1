/**
 * A process with a KMS key in its memory, as a worker has it: `holder.ts DATA KEY`. Uses the key once, also for a bucket
 * key, runs a worker's background jobs, and writes `held MATERIALS BUCKET-KEYS` whenever that has changed.
 */
import { writeSync } from "node:fs";
import { Background } from "../../src/app/background.ts";
import { loadSettings } from "../../src/app/config.ts";
import { openEngine } from "../../src/app/engine.ts";
import { newBucketId } from "../../src/base/ids.ts";
import { EMPTY_CONTEXT } from "../../src/kms/context.ts";
import { encrypt } from "../../src/kms/encryption.ts";
import { requesterOf } from "../../src/kms/kernel.ts";
import { rootCaller } from "../../src/kms/test/kernel.ts";
import { parseAccountId } from "../../src/base/ids.ts";

const [data = "", keyId = ""] = process.argv.slice(2);
const log = { info() {}, warn() {}, error() {} };
const engine = await openEngine(
  loadSettings({ flags: { data }, env: {} }),
  { log, kmsCall() {}, onFatal: () => process.exit(9) },
  false,
);
const caller = rootCaller(parseAccountId("000000000000"));
await encrypt(engine.kms, requesterOf(caller, "direct", "kms:Encrypt"), {
  keyId,
  plaintext: new Uint8Array([1]),
  context: EMPTY_CONTEXT,
});
const { bucketKeys } = engine.objects.core.sources;
await bucketKeys.forWriting(caller, newBucketId(), keyId, new Map([["aws:s3:arn", "arn:aws:s3:::b"]]), 1);
new Background(engine, log, 1).start();

let said = "";
setInterval(() => {
  const now = `held ${engine.kms.materials.held().length} ${bucketKeys.keyArns().length}\n`;
  if (now !== said) writeSync(1, now);
  said = now;
}, 10);
