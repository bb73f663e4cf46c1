/** Several handles on one home, and several processes where the home has them. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { newRev, type Rev } from "../../base/ids.ts";
import type { Store } from "../port.ts";
import { at, commitOk, type OpenHome, put, sharedHome, text } from "./home.ts";

const CHILD = join(import.meta.dirname, "child.ts");
const INCREMENTS = 300;

/** Counts up by compare-and-swap until it has succeeded `times` times. */
export async function increment(store: Store, key: string, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const [row] = await store.get([at(key)]);
    const value = row === undefined ? 0 : Number(Buffer.from(row.value).toString());
    const result = await store.commit({
      id: newRev(),
      expect: [{ ...at(key), rev: row?.rev ?? "absent" }],
      put: [put(key, String(value + 1))],
    });
    if (result.kind === "ok") done++;
  }
}

async function revOf(store: Store, key: string): Promise<Rev | "absent"> {
  const [row] = await store.get([at(key)]);
  return row?.rev ?? "absent";
}

async function valueOf(store: Store, key: string): Promise<string | undefined> {
  const [row] = await store.get([at(key)]);
  return row && Buffer.from(row.value).toString();
}

export function processCases(openHome: OpenHome): void {
  describe("several on one home", () => {
    const home = sharedHome(openHome);
    test("each sees what another had acknowledged", async () => {
      const other = await home().another();
      for (let i = 0; i < 20; i++) {
        await commitOk(i % 2 === 0 ? home().store : other, { put: [put("seen", String(i))] });
        assert.equal(await valueOf(i % 2 === 0 ? other : home().store, "seen"), String(i));
      }
    });
    test("a scan sees it, too", async () => {
      const other = await home().another();
      await commitOk(other, { put: [put("scanned", "", "upload")] });
      const { rows } = await home().store.scan({ table: "upload", from: text("s"), limit: 9 });
      assert.equal(rows.length, 1);
    });
    test("conditions that held are found broken as soon as another has changed a row of them", async () => {
      const [{ store }, other] = [home(), await home().another()];
      await commitOk(store, { put: [put("kept", "")] });
      const kept = [{ ...at("kept"), rev: await revOf(store, "kept") }];
      for (let i = 0; i < 20; i++) {
        await commitOk(other, { put: [put("changed", String(i))] });
        const changed = [{ ...at("changed"), rev: await revOf(store, "changed") }];
        for (let asked = 0; asked < 3; asked++) {
          assert.equal(await store.holds(changed), true);
          await setImmediate();
        }
        await commitOk(i % 2 === 0 ? other : store, { put: [put("changed", "again")] });
        assert.equal(await store.holds(changed), false);
        assert.equal(await store.holds(kept), true);
      }
      await commitOk(other, { delete: [at("kept")] });
      assert.equal(await store.holds(kept), false);
    });
    test("and what another process has changed, too", async () => {
      const { store, child } = home();
      const absent = [{ ...at("of another"), rev: "absent" as const }];
      for (let asked = 0; asked < 3; asked++) {
        assert.equal(await store.holds(absent), true);
        await setImmediate();
      }
      if (child === undefined) await increment(await home().another(), "of another", 1);
      else {
        const counter = startCounter([child.module, child.place, "of another", "1"]);
        try {
          await opened(counter);
          await countToTheEnd(counter);
        } finally {
          counter.child.kill("SIGKILL");
        }
      }
      assert.equal(await store.holds(absent), false);
    });
    test("compare-and-swap from three handles loses nothing", async () => {
      const stores = [home().store, await home().another(), await home().another()];
      await Promise.all(stores.map((store) => increment(store, "handles", 100)));
      assert.equal(await valueOf(home().store, "handles"), "300");
    });
    test("compare-and-swap from three processes loses nothing", async () => {
      const child = home().child;
      if (child === undefined) {
        // A home within one process: three more handles stand for the processes.
        const stores = [await home().another(), await home().another(), await home().another()];
        await Promise.all(stores.map((store) => increment(store, "processes", INCREMENTS)));
      } else {
        const args = [child.module, child.place, "processes", String(INCREMENTS)];
        const counters: Counter[] = [];
        try {
          // One after another: a home may want to be opened while nobody commits (ADR 14).
          for (let i = 0; i < 3; i++) {
            const counter = startCounter(args);
            counters.push(counter);
            await opened(counter);
          }
          await Promise.all(counters.map(countToTheEnd));
        } finally {
          for (const counter of counters) counter.child.kill("SIGKILL");
        }
      }
      assert.equal(await valueOf(home().store, "processes"), String(3 * INCREMENTS));
    });
  });
}

interface Counter {
  readonly child: ChildProcess;
  /** Exit code and signal. Listened to from the start: it may end before anybody waits for it. */
  readonly ended: Promise<readonly unknown[]>;
}

function startCounter(args: readonly string[]): Counter {
  const child = fork(CHILD, args);
  const ended = once(child, "exit");
  ended.catch(() => undefined);
  return { child, ended };
}

async function opened({ child, ended }: Counter): Promise<void> {
  const failed = ended.then(([code, signal]) => {
    throw new Error(`the child ended with ${code ?? signal} before it had opened the home`);
  });
  await Promise.race([once(child, "message"), failed]);
}

async function countToTheEnd({ child, ended }: Counter): Promise<void> {
  child.send("count");
  const [code, signal] = await ended;
  assert.equal(code, 0, `the child ended with ${code ?? signal}`);
}
