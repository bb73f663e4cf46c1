/**
 * Imported key material (spec kms 11). The private half of the wrapping key travels in the import token, sealed: any
 * process can take the import, and none keeps anything in between.
 */
import { newWrappingPair, type WrappingAlgorithm } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { type Attempt, retried } from "./change.ts";
import { type Entered, enter } from "./enter.ts";
import { openImportToken, sealImportToken } from "./import-token.ts";
import { materialOf } from "./imported-material.ts";
import type { Kernel, Phase, Requester } from "./kernel.ts";
import { currentMaterial, type Imported, isMissing, type KeyRecord, type Material } from "./model.ts";
import { inRsaTurn } from "./rsa-turns.ts";
import { SPECS } from "./specs.ts";

const DAY_MS = 86_400_000;
const TOKEN_MS = DAY_MS;
const VALID_DAYS_MAX = 365;

function requireExternal({ key, arn }: Entered): void {
  if (key.origin !== "EXTERNAL")
    fail(
      "UnsupportedOperationException",
      `${arn} origin is ${key.origin} which is not valid for this operation.`,
    );
}

/** No OAEP block holds the private key of an RSA key: said now rather than when there is nothing to send. */
function requireRoom({ key }: Entered, algorithm: WrappingAlgorithm): void {
  if (key.spec.startsWith("RSA_") && algorithm.startsWith("RSAES_OAEP"))
    fail(
      "ValidationException",
      `WrappingAlgorithm ${algorithm} cannot wrap key material of KeySpec ${key.spec}; use RSA_AES_KEY_WRAP_SHA_256 or RSA_AES_KEY_WRAP_SHA_1.`,
    );
}

export interface ImportParameters {
  readonly arn: KeyArn;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly token: Uint8Array;
  readonly validToMs: number;
}

export async function parametersForImport(
  k: Kernel,
  requester: Requester,
  keyId: string,
  algorithm: WrappingAlgorithm,
  bits: 2048 | 3072 | 4096,
): Promise<ImportParameters> {
  const entered = await enter(k, requester, "GetParametersForImport", keyId, {
    more: { "kms:wrappingalgorithm": algorithm, "kms:wrappingkeyspec": `RSA_${bits}` },
  });
  requireExternal(entered);
  requireRoom(entered, algorithm);
  const { publicKey, privateKey } = await inRsaTurn(
    () => newWrappingPair(bits),
    () => requester.caller.signal.aborted,
  );
  const validToMs = k.clock.now() + TOKEN_MS;
  const { bornArn } = entered.key;
  const token = sealImportToken(k, { bornArn, algorithm, validToMs, privateKey });
  privateKey.fill(0);
  return { arn: entered.arn, publicKey, token, validToMs };
}

export interface MaterialImport {
  readonly keyId: string;
  readonly token: Uint8Array;
  readonly wrapped: Uint8Array;
  /** The request's ExpirationModel; undefined where it names none, and then it expires. */
  readonly expires: boolean | undefined;
  readonly validToMs?: number | undefined;
  readonly type?: "NEW_KEY_MATERIAL" | "EXISTING_KEY_MATERIAL" | undefined;
  readonly description?: string | undefined;
  readonly materialId?: string | undefined;
}

function checkImport(k: Kernel, input: MaterialImport): void {
  const { validToMs } = input;
  const expires = input.expires ?? true;
  if (expires && validToMs === undefined)
    fail("ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
  if (!expires && validToMs !== undefined)
    fail(
      "ValidationException",
      "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
    );
  const nowMs = k.clock.now();
  if (validToMs !== undefined && (validToMs <= nowMs || validToMs > nowMs + VALID_DAYS_MAX * DAY_MS))
    fail(
      "ValidationException",
      `The validTo date must be in the future, at most ${VALID_DAYS_MAX} days ahead`,
    );
  if (input.type === "NEW_KEY_MATERIAL" && input.materialId !== undefined)
    fail("ValidationException", "KeyMaterialId must not be given with the ImportType NEW_KEY_MATERIAL");
}

/** Other keys hold one material for life: there is nothing to choose from, nothing to tell apart. */
function checkKind({ key }: Entered, input: MaterialImport): void {
  if (SPECS[key.spec].kind === "symmetric") return;
  const { type, description, materialId } = input;
  if (type !== undefined || description !== undefined || materialId !== undefined)
    fail(
      "ValidationException",
      "ImportType, KeyMaterialDescription and KeyMaterialId are for symmetric encryption keys only.",
    );
}

export async function importMaterial(
  k: Kernel,
  requester: Requester,
  input: MaterialImport,
): Promise<{ readonly arn: KeyArn; readonly materialId: string }> {
  checkImport(k, input);
  return retried(async (): Promise<Attempt<{ readonly arn: KeyArn; readonly materialId: string }>> => {
    const entered = await enter(k, requester, "ImportKeyMaterial", input.keyId, { more: importFacts(input) });
    requireExternal(entered);
    checkKind(entered, input);
    const { held, key, arn } = entered;
    const token = openImportToken(k, key.bornArn, input.token);
    const { id, record, publicKey } = materialOf(k.materials, key, token, input.wrapped);
    const imported: Imported = {
      present: true,
      ...(input.validToMs !== undefined && { validToMs: input.validToMs }),
      ...(input.description !== undefined && { description: input.description }),
    };
    const materials = withImported(entered, input, id, imported, k.clock.now());
    const after = settled(
      { ...key, materials, ...(publicKey !== undefined && { publicKey }) },
      k.clock.now(),
    );
    const ok = await k.rows.commit({
      keys: [{ before: held, after }],
      materials: [{ key, id, after: record }],
    });
    return ok ? { done: { arn, materialId: id } } : "again";
  });
}

/** What the request says, in its own terms: policies compare kms:ValidTo as a number of seconds. */
const importFacts = ({ expires, validToMs }: MaterialImport): Record<string, string> => ({
  ...(expires !== undefined && {
    "kms:expirationmodel": expires ? "KEY_MATERIAL_EXPIRES" : "KEY_MATERIAL_DOES_NOT_EXPIRE",
  }),
  ...(validToMs !== undefined && { "kms:validto": String(validToMs / 1000) }),
});

/** The key's versions with this one in its place: there again, the first, or waiting for a rotation. */
function withImported(
  { key }: Entered,
  input: MaterialImport,
  id: string,
  imported: Imported,
  nowMs: number,
): readonly Material[] {
  const { materials } = key;
  const type = input.type ?? (materials.length === 0 ? "NEW_KEY_MATERIAL" : "EXISTING_KEY_MATERIAL");
  const known = materials.find((m) => m.id === id);
  if (type === "EXISTING_KEY_MATERIAL") {
    const named = input.materialId === undefined || input.materialId === id;
    if (known === undefined || !named) return fail("IncorrectKeyMaterialException");
    const description = imported.description ?? known.imported?.description;
    const again = { ...imported, ...(description !== undefined && { description }) };
    return materials.map((m) => (m === known ? { ...m, imported: again } : m));
  }
  if (known !== undefined) return fail("IncorrectKeyMaterialException");
  const pending = materials.find((m) => m.state === "PENDING_ROTATION");
  if (pending !== undefined)
    return fail(
      "KMSInvalidStateException",
      `New key material (id: ${id}) cannot be imported into KMS key ${key.keyId}, because another key material (id: ${pending.id}) is pending rotation.`,
    );
  const state = materials.length === 0 ? "CURRENT" : "PENDING_ROTATION";
  return [...materials, { id, createdMs: nowMs, state, imported }];
}

/** Enabled once every version is there; waiting for material as long as one is not. */
function settled(key: KeyRecord, nowMs: number): KeyRecord {
  const missing = key.materials.length === 0 || key.materials.some((m) => isMissing(m, nowMs));
  switch (key.state.kind) {
    case "PendingImport":
      return missing ? key : { ...key, state: { kind: "Enabled" } };
    case "Enabled":
    case "Disabled":
      return missing ? { ...key, state: { kind: "PendingImport" } } : key;
    case "PendingDeletion":
      return missing ? { ...key, state: { ...key.state, cancelTo: "PendingImport" } } : key;
  }
}

/** Without a waiting period: the one way to make data unreadable at once and readable again later. */
export async function deleteMaterial(
  k: Kernel,
  requester: Requester,
  keyId: string,
  materialId: string | undefined,
): Promise<{ readonly arn: KeyArn; readonly materialId: string | undefined }> {
  return retried(
    async (): Promise<Attempt<{ readonly arn: KeyArn; readonly materialId: string | undefined }>> => {
      const entered = await enter(k, requester, "DeleteImportedKeyMaterial", keyId);
      requireExternal(entered);
      const { key, arn, held } = entered;
      const version =
        materialId === undefined ? currentMaterial(key) : key.materials.find((m) => m.id === materialId);
      if (version === undefined && materialId !== undefined)
        fail("NotFoundException", `Key material ${materialId} does not exist`);
      if (version?.imported?.present !== true) return { done: { arn, materialId: version?.id } };
      const after = settled(withoutBytes(key, [version.id]), k.clock.now());
      const ok = await k.rows.commit({
        keys: [{ before: held, after }],
        materials: [{ key, id: version.id, after: undefined }],
      });
      if (!ok) return "again";
      k.materials.forget(key, version.id);
      return { done: { arn, materialId: version.id } };
    },
  );
}

function withoutBytes(key: KeyRecord, ids: readonly string[]): KeyRecord {
  const materials = key.materials.map((m) =>
    m.imported !== undefined && ids.includes(m.id)
      ? { ...m, imported: { ...m.imported, present: false } }
      : m,
  );
  return { ...key, materials };
}

/** Removes imported material past its date; returns how many versions. The key counts as pending import by then. */
export async function expireDue(k: Kernel, nowMs: number): Promise<number> {
  let expired = 0;
  for await (const { account, keyId, materials } of k.rows.everyKey()) {
    if (materials.some((m) => isPast(m, nowMs))) expired += await expire(k, { account, keyId }, nowMs);
  }
  return expired;
}

const isPast = ({ imported }: Material, nowMs: number): boolean =>
  imported?.present === true && imported.validToMs !== undefined && imported.validToMs <= nowMs;

async function expire(
  k: Kernel,
  { account, keyId }: Pick<KeyRecord, "account" | "keyId">,
  nowMs: number,
): Promise<number> {
  return retried(async (): Promise<Attempt<number>> => {
    const held = await k.rows.key(account, keyId);
    const past = held?.value.materials.filter((m) => isPast(m, nowMs)).map((m) => m.id) ?? [];
    if (held === undefined || past.length === 0) return { done: 0 };
    const key = held.value;
    const after = settled(withoutBytes(key, past), nowMs);
    const tell = async (materialId: string, phase: Phase): Promise<void> =>
      k.hooks.materialExpired?.({ keyArn: key.bornArn, materialId }, phase);
    for (const materialId of past) await tell(materialId, "intent");
    const ok = await k.rows.commit({
      keys: [{ before: held, after }],
      materials: past.map((id) => ({ key, id, after: undefined })),
    });
    if (!ok) return "again";
    for (const materialId of past) k.materials.forget(key, materialId);
    for (const materialId of past) await tell(materialId, "done");
    return { done: past.length };
  });
}
