/** What the key service does by itself stands in the trail before it happens, and does not happen while the trail can't be written. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Recorder } from "../audit/recorder.ts";
import { FaultyFiles } from "../audit/test/faulty-files.ts";
import { Rig } from "../audit/test/rig.ts";
import { walkStream } from "../audit/walk.ts";
import { silentLog } from "../base/log.ts";
import { createAlias } from "../kms/aliases.ts";
import { createKey } from "../kms/creation.ts";
import { destroyDue, scheduleDeletion } from "../kms/deletion.ts";
import type { Kernel } from "../kms/kernel.ts";
import { enableRotation, rotateDue, rotateOnDemand } from "../kms/rotation.ts";
import { ACCOUNT, directRequester, testKms } from "../kms/test/kernel.ts";
import { kmsHooks } from "./kms-hooks.ts";

const me = directRequester();
const DAY_MS = 86_400_000;

interface Told {
  readonly name: string;
  readonly intent: boolean;
  readonly details: { readonly keyMaterialIds?: readonly string[]; readonly aliases?: readonly string[] };
}

/** Read from the disk: what a kill at this moment would leave. */
async function told(rig: Rig): Promise<readonly Told[]> {
  const found: Told[] = [];
  for (const stream of await rig.files.streams())
    for await (const step of walkStream(rig.files, stream, rig.seedOf)) {
      if (step.kind !== "record") continue;
      const event = JSON.parse(Buffer.from(step.record.text).toString());
      found.push({
        name: event.eventName,
        intent: event.additionalEventData?.phase === "intent",
        details: event.serviceEventDetails,
      });
    }
  return found;
}

async function recorded(t: TestContext) {
  const rig = await Rig.make();
  const files = new FaultyFiles(rig.files.directory);
  const trail = rig.trail(files);
  t.after(async () => {
    files.failing = false;
    await trail.close();
    await rig.remove();
  });
  const clock = { now: () => rig.nowMs };
  const hashKey = rig.keyring.current("audit").key;
  const recorder = new Recorder({ trail, region: "us-east-1", clock, hashKey });
  const made = await testKms();
  const seen: string[] = [];
  const hooks = kmsHooks(
    { log: silentLog, kmsCall: () => {}, keyDeletion: (what) => seen.push(what) },
    recorder,
  );
  return { rig, files, trail, clock: made.clock, kms: { ...made.kms, hooks } satisfies Kernel, seen };
}

/** `look` runs before each commit; the commit fails once `left` have been made. */
function watched(kms: Kernel, look: () => Promise<void>, left = Infinity): Kernel {
  let made = 0;
  const rows = new Proxy(kms.rows, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name !== "commit") return member.bind(target);
      return async (...args: unknown[]) => {
        await look();
        if (made++ >= left) throw new Error("cut off");
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  return { ...kms, rows };
}

test("a key's destruction is on record before it begins, also what a run that was cut off removed", async (t) => {
  const { rig, kms, clock, seen } = await recorded(t);
  const { KeyId } = await createKey(kms, me, {});
  const keyId = String(KeyId);
  for (let i = 0; i < 20; i++) await createAlias(kms, me, `alias/of-${i}`, keyId);
  for (let i = 0; i < 20; i++) await rotateOnDemand(kms, me, keyId);
  clock.nowMs = (await scheduleDeletion(kms, me, keyId, 7)).deletionMs;
  const deletions = async (): Promise<readonly Told[]> =>
    (await told(rig)).filter(({ name }) => name === "DeleteKey");
  const look = async (): Promise<void> => assert.equal((await deletions()).at(-1)?.intent, true);
  await assert.rejects(destroyDue(watched(kms, look, 2), clock.nowMs), /cut off/);
  assert.equal(await destroyDue(watched(kms, look), clock.nowMs), 1);
  const events = await deletions();
  assert.deepEqual(
    events.map(({ intent }) => intent),
    [true, true, false],
  );
  for (const { details } of events) {
    assert.equal(details.keyMaterialIds?.length, 21);
    assert.equal(details.aliases?.length, 20);
  }
  assert.deepEqual(seen, ["scheduled", "destroyed"]);
});

test("a rotation is on record before it happens", async (t) => {
  const { rig, kms, clock } = await recorded(t);
  const { KeyId } = await createKey(kms, me, {});
  await enableRotation(kms, me, String(KeyId), 90);
  clock.nowMs += 91 * DAY_MS;
  const look = async (): Promise<void> =>
    assert.deepEqual(
      (await told(rig)).map(({ name, intent }) => [name, intent]),
      [["RotateKey", true]],
    );
  assert.equal(await rotateDue(watched(kms, look), clock.nowMs), 1);
  assert.deepEqual(
    (await told(rig)).map(({ intent }) => intent),
    [true, false],
  );
});

test("nothing is destroyed or rotated while the trail can't be written", async (t) => {
  const { files, kms, clock } = await recorded(t);
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) ids.push(String((await createKey(kms, me, {})).KeyId));
  const [doomed = "", turning = ""] = ids;
  await enableRotation(kms, me, turning, 90);
  await scheduleDeletion(kms, me, doomed, 7);
  clock.nowMs += 91 * DAY_MS;
  files.failing = true;
  await assert.rejects(rotateDue(kms, clock.nowMs), { code: "KMSInternalException" });
  await assert.rejects(destroyDue(kms, clock.nowMs), { code: "KMSInternalException" });
  const held = await kms.rows.key(ACCOUNT, turning);
  assert.equal(held?.value.materials.length, 1);
  const waiting = await kms.rows.keyEvenDestroying(ACCOUNT, doomed);
  const state = waiting?.value.state;
  assert.equal(state?.kind === "PendingDeletion" && state.destroying, false);
});
