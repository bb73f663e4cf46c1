/** Writes records as fast as it can and tells its parent of each that is durable, until it is killed. */
import { join } from "node:path";
import { SecretKey, TrailSigner } from "@strongroom/crypto";
import { silentLog } from "../../base/log.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import { openTestRecords } from "../../store/test-keyring.ts";
import { TrailFiles } from "../files.ts";
import { Ledger } from "../ledger.ts";
import { Trail } from "../trail.ts";
import { recordOf } from "./rig.ts";

const [, , directory = ""] = process.argv;
const bytes = Buffer.alloc(32, 7);
const seed = SecretKey.fromBytes("audit", bytes);
process.send?.({ seed: bytes.toString("base64") });
const { keyring, records } = await openTestRecords(new MemoryModel().open());
const { storeId } = keyring;
const trail = new Trail({
  files: new TrailFiles(join(directory, "audit")),
  ledger: new Ledger(records, { signer: new TrailSigner(seed), term: 1, storeId }),
  key: { term: 1, seed, storeId },
  clock: { now: () => Date.now() },
  log: silentLog,
  onFatal: (cause) => {
    throw cause;
  },
});
for (let n = 0; ; ) {
  const batch = Array.from({ length: 1 + (n % 7) }, async () => {
    const mine = n++;
    await trail.durable(trail.append(recordOf(mine)));
    process.send?.({ n: mine });
  });
  await Promise.all(batch);
}
