/** A process that starts while the root key is changed beside it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KeyringError, resealKeyring } from "../store/keyring.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { dataDir, ensureDataDir } from "./data-dir.ts";
import { openRoot } from "./open-root.ts";
import { rootKeyProvider } from "./root-key.ts";

test("a root-key change between the look at the key and the look at the store", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-open-root-"));
  t.after(() => rmSync(dir, { recursive: true }));
  ensureDataDir(dataDir(dir));
  const store = new MemoryModel().open();
  const provider = rootKeyProvider(undefined, dataDir(dir));
  const { roots: old } = await openRoot(store, provider, true);
  const { rootGeneration } = await resealKeyring(store, old, provider.prepareNext());
  provider.settle(rootGeneration);

  const looks = [old];
  const late = { ...provider, load: () => looks.shift() ?? provider.load() };
  assert.equal((await openRoot(store, late, false)).keyring.rootGeneration, 2);

  const moved = Object.assign(new Error("moved"), { code: "ENOENT" });
  const failing = [moved];
  const unlucky = {
    ...provider,
    load: () => {
      const error = failing.shift();
      if (error !== undefined) throw error;
      return provider.load();
    },
  };
  assert.equal((await openRoot(store, unlucky, false)).keyring.rootGeneration, 2);

  // What is wrong at both looks is wrong.
  await assert.rejects(openRoot(store, { ...provider, load: () => old }, false), KeyringError);
});
