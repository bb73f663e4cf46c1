/** The published form: emitted JavaScript and declarations, found through the paths of its own package.json. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildPackage } from "../../../tools/build-package.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

test("both packages build, and the client runs from its emitted files alone", () => {
  const home = mkdtempSync(join(tmpdir(), "s3ec-build-"));
  try {
    const scope = join(home, "node_modules/@strongroom");
    mkdirSync(scope, { recursive: true });
    buildPackage("crypto", join(scope, "crypto"));
    buildPackage("client", join(scope, "s3-encryption-client"));
    for (const name of ["@aws-sdk", "@smithy", "commander"])
      symlinkSync(join(ROOT, "node_modules", name), join(home, "node_modules", name));
    const manifest = JSON.parse(readFileSync(join(scope, "s3-encryption-client/package.json"), "utf8"));
    assert.ok(!JSON.stringify(manifest).includes('.ts"') || JSON.stringify(manifest).includes('.d.ts"'));
    for (const file of ["index.d.ts", "platform/web.js", "README.md", "LICENSE"])
      assert.ok(existsSync(join(scope, "s3-encryption-client", file)), file);
    const script = `import { S3EncryptionClient, RawAesKeyring } from "@strongroom/s3-encryption-client";
      import { S3Client } from "@aws-sdk/client-s3";
      const client = new S3Client({ region: "us-east-1" });
      new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key: new Uint8Array(32) }) });
      console.log("runs");`;
    writeFileSync(join(home, "main.mjs"), script);
    assert.equal(execFileSync(process.execPath, [join(home, "main.mjs")], { encoding: "utf8" }), "runs\n");
    const bin = join(scope, "s3-encryption-client", manifest.bin.s3ec);
    assert.match(execFileSync(process.execPath, [bin, "--help"], { encoding: "utf8" }), /migrate/);
  } finally {
    rmSync(home, { recursive: true });
  }
});
