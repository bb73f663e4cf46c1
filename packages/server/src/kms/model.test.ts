/** Random operations on key states, against a model of a few lines: same answers, same states, in several processes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { createAlias, deleteAlias, updateAlias } from "./aliases.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { cancelDeletion, destroyDue, scheduleDeletion } from "./deletion.ts";
import { encrypt } from "./encryption.ts";
import type { Kernel } from "./kernel.ts";
import { describeKey, disableKey, enableKey } from "./lifecycle.ts";
import { ACCOUNT, directRequester, type TestKms, testKms } from "./test/kernel.ts";

const me = directRequester();
const KEYS = 3;
const ALIASES = ["alias/a", "alias/b"];

type ModelState = "Enabled" | "Disabled" | "PendingDeletion" | "gone";
interface ModelKey {
  state: ModelState;
  deletionMs: number;
}

type Step =
  | {
      readonly kind: "enable" | "disable" | "schedule" | "cancel" | "encrypt" | "describe";
      readonly key: number;
    }
  | { readonly kind: "alias" | "move"; readonly key: number; readonly alias: number }
  | { readonly kind: "unalias" | "use"; readonly alias: number }
  | { readonly kind: "wait"; readonly days: number };

const key = fc.nat({ max: KEYS - 1 });
const alias = fc.nat({ max: ALIASES.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("enable", "disable", "schedule", "cancel", "encrypt", "describe"), key }),
  fc.record({ kind: fc.constantFrom("alias", "move"), key, alias }),
  fc.record({ kind: fc.constantFrom("unalias", "use"), alias }),
  fc.record({ kind: fc.constant("wait" as const), days: fc.integer({ min: 1, max: 6 }) }),
);

/** The answer as one word: a state, or an error code. */
async function answer(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return "ok";
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
}

class Model {
  readonly keys: ModelKey[] = Array.from({ length: KEYS }, () => ({ state: "Enabled", deletionMs: 0 }));
  readonly aliases = new Map<number, number>();
  nowMs: number;
  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  use({ state }: ModelKey): string {
    if (state === "Enabled") return "ok";
    return state === "Disabled" ? "DisabledException" : "KMSInvalidStateException";
  }

  /** What the step answers; changes the model as it goes. */
  expect(s: Step): string {
    if (s.kind === "wait") {
      this.nowMs += s.days * 86_400_000;
      this.keys.forEach((k, i) => {
        if (k.state !== "PendingDeletion" || k.deletionMs > this.nowMs) return;
        k.state = "gone";
        for (const [name, target] of this.aliases) if (target === i) this.aliases.delete(name);
      });
      return "ok";
    }
    if (s.kind === "unalias") return this.aliases.delete(s.alias) ? "ok" : "NotFoundException";
    if (s.kind === "use") {
      const target = this.aliases.get(s.alias);
      return target === undefined ? "NotFoundException" : this.use(this.keys[target] ?? assert.fail());
    }
    const k = this.keys["key" in s ? s.key : -1] ?? assert.fail();
    if (k.state === "gone") return "NotFoundException";
    const pending = k.state === "PendingDeletion";
    const invalid = "KMSInvalidStateException";
    switch (s.kind) {
      case "describe":
        return "ok";
      case "encrypt":
        return this.use(k);
      case "enable":
      case "disable":
        if (pending) return invalid;
        k.state = s.kind === "enable" ? "Enabled" : "Disabled";
        return "ok";
      case "schedule":
        if (pending) return invalid;
        k.state = "PendingDeletion";
        k.deletionMs = this.nowMs + 7 * 86_400_000;
        return "ok";
      case "cancel":
        if (!pending) return invalid;
        k.state = "Disabled";
        return "ok";
      case "alias":
        if (pending) return invalid;
        if (this.aliases.has(s.alias)) return "AlreadyExistsException";
        this.aliases.set(s.alias, s.key);
        return "ok";
      case "move":
        if (pending) return invalid;
        if (!this.aliases.has(s.alias)) return "NotFoundException";
        this.aliases.set(s.alias, s.key);
        return "ok";
    }
  }
}

function run(kms: Kernel, ids: readonly string[], s: Step): Promise<unknown> {
  if (s.kind === "wait") return destroyDue(kms, kms.clock.now());
  const plaintext = new Uint8Array([1]);
  const name = "alias" in s ? (ALIASES[s.alias] ?? "") : "";
  const keyId = "key" in s ? (ids[s.key] ?? "") : name;
  switch (s.kind) {
    case "describe":
      return describeKey(kms, me, keyId);
    case "encrypt":
    case "use":
      return encrypt(kms, me, { keyId, plaintext, context: EMPTY_CONTEXT });
    case "enable":
      return enableKey(kms, me, keyId);
    case "disable":
      return disableKey(kms, me, keyId);
    case "schedule":
      return scheduleDeletion(kms, me, keyId, 7);
    case "cancel":
      return cancelDeletion(kms, me, keyId);
    case "alias":
      return createAlias(kms, me, name, keyId);
    case "move":
      return updateAlias(kms, me, name, keyId);
    case "unalias":
      return deleteAlias(kms, me, name);
  }
}

async function checkStates(kms: Kernel, ids: readonly string[], model: Model): Promise<void> {
  for (const [i, id] of ids.entries()) {
    const held = await kms.rows.key(ACCOUNT, id);
    assert.equal(held?.value.state.kind ?? "gone", model.keys[i]?.state);
    const aliases = ALIASES.filter((_, a) => model.aliases.get(a) === i);
    assert.deepEqual(held?.value.aliases ?? [], aliases);
  }
}

test("random operations in two processes answer and end as the model says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }), async (steps) => {
      const store = new MemoryModel();
      const processes: readonly TestKms[] = [await testKms(store.open()), await testKms(store.open())];
      const first = processes[0] ?? assert.fail();
      const ids: string[] = [];
      for (let i = 0; i < KEYS; i++) ids.push(String((await createKey(first.kms, me, {})).KeyId));
      const model = new Model(first.clock.nowMs);
      for (const [s, second] of steps) {
        const expected = model.expect(s);
        for (const { clock } of processes) clock.nowMs = model.nowMs;
        const { kms } = processes[second ? 1 : 0] ?? assert.fail();
        assert.equal(await answer(run(kms, ids, s)), expected, JSON.stringify(s));
      }
      for (const { kms } of processes) await checkStates(kms, ids, model);
    }),
    { numRuns: 60 },
  );
});
