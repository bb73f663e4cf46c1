import assert from "node:assert/strict";
import { test } from "node:test";
import { type Caller, startKeyUses } from "../base/caller.ts";
import { Recorder } from "./recorder.ts";
import { recordOf, Rig } from "./test/rig.ts";

test("a use whose record cannot be put together is known to be unrecorded, whoever had it appended", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    const hashKey = rig.keyring.current("audit").key;
    const recorder = new Recorder({
      trail,
      region: "eu-central-1",
      clock: { now: () => rig.nowMs },
      hashKey,
    });
    const [failing, other] = [startKeyUses({} as Caller), startKeyUses({} as Caller)];
    recorder.putOff(() => {
      throw new Error("a slot too many");
    }, failing);
    recorder.putOff(() => trail.append(recordOf(0)), other);
    // Another request's record takes them before anybody waits.
    trail.append(recordOf(1));
    await trail.durableLater();
    assert.deepEqual([failing.isUnrecorded, other.isUnrecorded], [true, false]);
    await trail.close();
    assert.equal((await rig.verify()).records, 2);
  } finally {
    await rig.remove();
  }
});
