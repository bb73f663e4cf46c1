/** `rewrap --remove-old-terms` and the time at which the newest terms were made. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  PutBucketTaggingCommand,
} from "@aws-sdk/client-s3";
import { dataDir } from "../src/app/data-dir.ts";
import { SEALING_PURPOSES } from "../src/app/jobs/rewrap.ts";
import { rootKeyProvider } from "../src/app/root-key.ts";
import { addTerm, openKeyring } from "../src/store/keyring.ts";
import { openLocalStore } from "../src/store/local/open.ts";
import { command, serve, temporaryDirectory } from "./serve.ts";

const HOUR_MS = 3_600_000;

/** New terms, by a clock that is so far ahead. */
async function newTerms(data: string, aheadMs: number): Promise<void> {
  const dir = dataDir(data);
  const roots = rootKeyProvider(undefined, dir).load();
  const store = await openLocalStore({ directory: dir.store, onFatal: (cause) => assert.fail(cause) });
  const ahead = { ...store, now: () => Promise.resolve(Date.now() + aheadMs) };
  let keyring = await openKeyring(store, roots);
  for (const purpose of SEALING_PURPOSES) keyring = await addTerm(ahead, keyring, roots, purpose);
  await store.close();
}

test("terms whose date lies ahead of the clock take everything over before the old ones go", async (t) => {
  const data = temporaryDirectory();
  let served = await serve({ data });
  t.after(() => served.killAll());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  await served.s3().send(new PutObjectCommand({ Bucket: "demo", Key: "a", Body: "text" }));
  await served.stop();
  await newTerms(data, 24 * HOUR_MS);

  const removed = await command(["rewrap", "--remove-old-terms", "--json", "--data", data]);
  assert.equal(removed.code, 0, removed.err);
  const counts = JSON.parse(removed.out) as Record<string, number>;
  assert.ok((counts["records"] ?? 0) > 5, removed.out);
  assert.equal(counts["removedTerms"], 3);
  const verified = await command(["verify", "--deep", "--data", data]);
  assert.equal(verified.code, 0, verified.out + verified.err);

  served = await serve({ data });
  const s3 = served.s3();
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: "demo", Key: "a" }));
  assert.equal(await Body?.transformToString(), "text");
  const Tagging = { TagSet: [{ Key: "k", Value: "v" }] };
  await s3.send(new PutBucketTaggingCommand({ Bucket: "demo", Tagging }));
  // Sealed by the one term that is left.
  await served.stop();
  const again = await command(["verify", "--data", data]);
  assert.equal(again.code, 0, again.out + again.err);
});

test("the token key's old terms go once no session of theirs can be left", async () => {
  for (const [hours, removedTerms] of [
    [35.9, 3],
    [36.1, 4],
  ] as const) {
    const data = temporaryDirectory();
    await (await serve({ data })).stop();
    await newTerms(data, -hours * HOUR_MS);
    const { code, out, err } = await command(["rewrap", "--remove-old-terms", "--json", "--data", data]);
    assert.equal(code, 0, err);
    assert.equal((JSON.parse(out) as Record<string, number>)["removedTerms"], removedTerms, `${hours} hours`);
  }
});
