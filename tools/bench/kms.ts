/**
 * Key service calls per second at the domain level: resolution, authorisation, state and cryptography, on an LMDB
 * directory, without HTTP. `node tools/bench/kms.ts [seconds] [--json]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedKeyService } from "../../packages/server/src/kms/embedded.ts";
import { createKey } from "../../packages/server/src/kms/creation.ts";
import { decrypt } from "../../packages/server/src/kms/decryption.ts";
import { generateDataKey } from "../../packages/server/src/kms/encryption.ts";
import { directRequester, rootCaller, testKms } from "../../packages/server/src/kms/test/kernel.ts";
import { openLocalStore } from "../../packages/server/src/store/local/open.ts";

const args = process.argv.slice(2);
const seconds = Number(args.find((a) => /^[0-9.]+$/.test(a)) ?? 2);
const directory = mkdtempSync(join(tmpdir(), "strongroom-bench-kms-"));
const store = await openLocalStore({
  directory,
  reserveBytes: 0,
  onFatal: (cause) => {
    throw cause;
  },
});

async function rate(call: () => unknown): Promise<number> {
  for (let i = 0; i < 2000; i++) await call();
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < seconds * 1000) {
    for (let i = 0; i < 50; i++) await call();
    calls += 50;
  }
  return (calls * 1000) / (performance.now() - start);
}

try {
  const { kms, authoriser } = await testKms(store);
  // The test authoriser remembers what it was asked; a bench must not.
  authoriser.asked.push = () => 0;
  const me = directRequester();
  const keyId = String((await createKey(kms, me, {})).KeyId);
  const context = new Map([["aws:s3:arn", "arn:aws:s3:::bucket/some/key"]]);
  const { blob } = await generateDataKey(kms, me, "GenerateDataKey", { keyId, context, bytes: 32 });
  const service = embeddedKeyService(kms);
  const caller = rootCaller();
  const made = await service.generateDataKey(caller, keyId, context);
  const rows = {
    GenerateDataKey: await rate(() =>
      generateDataKey(kms, me, "GenerateDataKey", { keyId, context, bytes: 32 }),
    ),
    Decrypt: await rate(() => decrypt(kms, me, { blob, context, keyId })),
    "Decrypt without KeyId": await rate(() => decrypt(kms, me, { blob, context })),
    "port: generateDataKey": await rate(() => service.generateDataKey(caller, keyId, context)),
    "port: decrypt": await rate(() => service.decrypt(caller, made.keyArn, made.blob, context)),
    "port: authoriseUse": await rate(() => service.authoriseUse(caller, made.keyArn, "Decrypt", context)),
  };
  if (args.includes("--json")) console.log(JSON.stringify(rows));
  else
    for (const [name, perSecond] of Object.entries(rows))
      console.log(
        `${name.padEnd(24)} ${Math.round(perSecond).toString().padStart(9)}/s ${(1e6 / perSecond).toFixed(1).padStart(7)} us`,
      );
} finally {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
