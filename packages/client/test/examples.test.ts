/** Every exported symbol has an example in its doc comment; all of them type-check and run. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { RawAesKeyring, S3EncryptionClient } from "../src/index.ts";
import { exampleModule, examples, exportedSymbols } from "./examples.ts";
import { FakeS3 } from "./fake-s3.ts";

const ROOT = join(import.meta.dirname, "../../..");

test("every exported symbol has an example", () => {
  const titles = new Set(examples().map(({ title }) => title));
  assert.deepEqual(
    exportedSymbols().filter(({ name }) => !titles.has(name)),
    [],
  );
});

test("the examples type-check and run", async (t) => {
  const home = mkdtempSync(join(tmpdir(), "s3ec-examples-"));
  const fake = await new FakeS3().listen();
  const [client, kms] = [fake.s3(), fake.kms()];
  try {
    symlinkSync(join(ROOT, "node_modules"), join(home, "node_modules"));
    const file = join(home, "examples.mts");
    writeFileSync(file, exampleModule(examples()));
    const config = {
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: { typeRoots: [join(ROOT, "node_modules/@types")] },
      include: [file],
    };
    writeFileSync(join(home, "tsconfig.json"), JSON.stringify(config));
    execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", home], { encoding: "utf8" });
    const { EXAMPLES } = await import(pathToFileURL(file).href);
    const key = crypto.getRandomValues(new Uint8Array(32));
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const s3 = new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key }) });
    await s3.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: "secret" }));
    const rsaPublicPem = publicKey.export({ format: "pem", type: "spki" });
    const console = { log: () => undefined, error: () => undefined };
    for (const [title, run] of EXAMPLES)
      await t.test(title, () => run({ client, kms, key, rsaPublicPem, s3, console }));
  } finally {
    client.destroy();
    kms.destroy();
    await fake.close();
    rmSync(home, { recursive: true });
  }
});
