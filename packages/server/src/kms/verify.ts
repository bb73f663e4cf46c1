/**
 * The key service's part of `verify` and `rewrap`: every version of every key has its material, which opens under the
 * domain key to the material that its id names; and material is brought to the newest domain term.
 */
import { keyRecordTerm } from "@strongroom/crypto";
import { IntegrityError } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import type { Kernel } from "./kernel.ts";
import type { KeyRecord, Material } from "./model.ts";
import type { StoredKey } from "./codec.ts";
import { SPECS } from "./specs.ts";

export interface VerifiedKey {
  readonly account: string;
  readonly keyId: string;
  readonly materials: number;
  readonly problems: readonly string[];
}

export async function* verifyKeys(k: Kernel): AsyncGenerator<VerifiedKey> {
  for await (const { account, keyId } of k.rows.everyKey()) {
    const problems: string[] = [];
    let materials = 0;
    try {
      const held = await k.rows.key(account, keyId);
      for (const version of held?.value.materials ?? []) {
        materials++;
        const problem = held === undefined ? undefined : await materialProblem(k, held.value, version);
        if (problem !== undefined && (await isExpected(k, account, keyId, version))) problems.push(problem);
      }
      for (const name of held?.value.aliases ?? []) {
        const alias = await k.rows.alias(account, name);
        const still = (await k.rows.key(account, keyId))?.value.aliases.includes(name);
        if (alias?.value.targetKeyId !== keyId && still === true)
          problems.push(`${name} does not lead to it`);
      }
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      problems.push(error.message);
    }
    yield { account, keyId, materials, problems };
  }
}

/** Not what was destroyed, removed or has expired, be it while it was looked at. */
async function isExpected(k: Kernel, account: AccountId, keyId: string, { id }: Material): Promise<boolean> {
  const held = await k.rows.key(account, keyId);
  const version = held?.value.materials.find((m) => m.id === id);
  return version !== undefined && version.imported?.present !== false;
}

async function materialProblem(k: Kernel, key: KeyRecord, version: Material): Promise<string | undefined> {
  try {
    k.materials.forget(key, version.id);
    await (SPECS[key.spec].kind === "symmetric"
      ? k.materials.get(key, version)
      : k.materials.secret(key, version));
    return undefined;
  } catch (error) {
    return `material ${version.id.slice(0, 16)}: ${error instanceof Error ? error.message : "does not open"}`;
  }
}

/** Yields after each key how many of its materials were wrapped anew. Safe beside others: each by compare-and-swap. */
export async function* rewrapMaterials(k: Kernel, newestTerm: number): AsyncGenerator<number> {
  for await (const key of k.rows.everyKey()) {
    let rewrapped = 0;
    for (const version of key.materials) if (await rewrapMaterial(k, key, version, newestTerm)) rewrapped++;
    yield rewrapped;
  }
}

async function rewrapMaterial(
  k: Kernel,
  key: StoredKey,
  version: Material,
  newestTerm: number,
): Promise<boolean> {
  const entry = await k.rows.materialEntry(key.account, key.keyId, version.id);
  if (entry === undefined || keyRecordTerm(entry.value) === newestTerm) return false;
  return k.rows.replaceMaterial(entry, await k.materials.rewrapped(key, version.id, entry.value));
}

/** How many materials are still under another term than this. */
export async function materialsUnderOtherTerms(k: Kernel, newestTerm: number): Promise<number> {
  let count = 0;
  for await (const key of k.rows.everyKey()) {
    for (const version of key.materials) {
      const entry = await k.rows.materialEntry(key.account, key.keyId, version.id);
      if (entry !== undefined && keyRecordTerm(entry.value) !== newestTerm) count++;
    }
  }
  return count;
}
