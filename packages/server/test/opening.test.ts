/** Processes that open the store while another writes to it (ADR 14): every acknowledged commit stays. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { Openings } from "../src/app/opening.ts";
import { silentLog } from "../src/base/log.ts";

const CHILD = join(import.meta.dirname, "opening/child.ts");
/** Each opens it some hundred times in its turn. */
const OPENERS = 6;

const started = new Set<ChildProcess>();
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started.clear();
});

function start(openings: Openings, directory: string, role: "write" | "open" | "serve"): ChildProcess {
  const child = fork(CHILD, [directory, role]);
  started.add(child);
  openings.attend(child);
  return child;
}

test("a writer keeps every acknowledged commit while others open and close the store", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-opening-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const openings = new Openings(silentLog);
  const writer = start(openings, directory, "write");
  let acknowledged = 0;
  let lost: string | undefined;
  writer.on("message", (message: { acknowledged?: number; lost?: string }) => {
    acknowledged = message.acknowledged ?? acknowledged;
    lost ??= message.lost;
  });
  const writerEnd = once(writer, "exit");
  const openInTurn = async (count: number): Promise<void> => {
    for (let i = 0; i < count && lost === undefined && writer.connected; i++) {
      const [code, signal] = await once(start(openings, directory, "open"), "exit");
      assert.deepEqual([code, signal], [0, null]);
    }
  };
  await Promise.all([openInTurn(OPENERS / 2), openInTurn(OPENERS / 2)]);
  if (writer.connected) writer.send("stop");
  assert.deepEqual(await writerEnd, [0, null], "the writer ended by itself");
  assert.equal(lost, undefined);
  assert.ok(acknowledged > 0, `it went on writing meanwhile: ${acknowledged}`);
});

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 30_000; !isSo(); ) {
    assert.ok(performance.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a process that has lost its parent ends before another parent lets others open", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-opening-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const writer = start(new Openings(silentLog), directory, "write");
  let acknowledged = 0;
  writer.on("message", (message: { acknowledged?: number }) => (acknowledged = message.acknowledged ?? 0));
  await until("it writes", () => acknowledged > 0);
  const ended = once(writer, "exit");
  writer.disconnect();
  assert.deepEqual(await ended, [null, "SIGKILL"]);
});

/** One that is a member, and answers nothing. */
async function startDeaf(openings: Openings, last: "has-opened" | "has-closed"): Promise<ChildProcess> {
  const deaf = fork(join(import.meta.dirname, "opening/deaf.ts"), last === "has-closed" ? ["closed"] : []);
  started.add(deaf);
  openings.attend(deaf);
  let said = "";
  deaf.on("message", (message: { kind: string }) => (said = message.kind));
  await until(last, () => said === last);
  return deaf;
}

test("who has closed the store need not hold, though it lives on", async (t) => {
  const openings = new Openings({ ...silentLog, warn: assert.fail });
  await startDeaf(openings, "has-closed");
  const directory = mkdtempSync(join(tmpdir(), "strongroom-opening-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  assert.deepEqual(await once(start(openings, directory, "open"), "exit"), [0, null]);
});

test("who opens waits for one that does not hold, and not for one that is gone", async (t) => {
  const warned: string[] = [];
  const openings = new Openings({ ...silentLog, warn: (message) => warned.push(message) });
  const deaf = await startDeaf(openings, "has-opened");
  const directory = mkdtempSync(join(tmpdir(), "strongroom-opening-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const opener = start(openings, directory, "open");
  const ended = once(opener, "exit");
  await until("the parent warns", () => warned.length > 0);
  assert.equal(opener.exitCode, null);
  deaf.kill("SIGKILL");
  assert.deepEqual(await ended, [0, null]);
});

/** One that puts and gets when told to, and the last that it was told about being alone. */
async function startServing(openings: Openings, directory: string) {
  const child = start(openings, directory, "serve");
  let isAlone: boolean | undefined;
  child.on("message", (message: { isAlone?: boolean }) => (isAlone = message.isAlone ?? isAlone));
  const heard = (what: (message: { put?: number; got?: number }) => boolean): Promise<number | undefined> =>
    new Promise((resolve) => {
      const look = (message: { put?: number; got?: number }): void => {
        if (!what(message)) return;
        child.off("message", look);
        resolve(message.got);
      };
      child.on("message", look);
    });
  await heard((message) => String(message) === "serves");
  return {
    isAlone: () => isAlone,
    put: (value: number) => {
      const done = heard(({ put }) => put === value);
      child.send({ put: value });
      return done;
    },
    get: () => {
      const done = heard((message) => message.got !== undefined);
      child.send({ get: true });
      return done;
    },
    stop: async () => {
      const ended = once(child, "exit");
      child.send("stop");
      await ended;
    },
    kill: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

test("who is alone hears so, is not from the moment another may open, and reads what that one wrote", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-opening-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const openings = new Openings(silentLog);
  const first = await startServing(openings, directory);
  await until("the first is alone", () => first.isAlone() === true);
  await first.put(1);
  assert.equal(await first.get(), 1);
  for (const end of ["stop", "kill"] as const) {
    const second = await startServing(openings, directory);
    assert.equal(first.isAlone(), false);
    assert.notEqual(second.isAlone(), true);
    for (let value = 2; value < 12; value += 2) {
      await second.put(value);
      assert.equal(await first.get(), value);
      await first.put(value + 1);
      assert.equal(await second.get(), value + 1);
    }
    await second.put(100);
    await second[end]();
    await until("the first is alone again", () => first.isAlone() === true);
    assert.equal(await first.get(), 100);
  }
  const [second, third] = [await startServing(openings, directory), await startServing(openings, directory)];
  await first.stop();
  assert.notEqual(second.isAlone(), true, "two are left");
  await third.stop();
  await until("the second is alone", () => second.isAlone() === true);
  await second.stop();
});
