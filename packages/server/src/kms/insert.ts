/** The commit that brings a key into being: record, first material, aliases, all or nothing. */
import { keyArn } from "../base/ids.ts";
import { blobNameOf } from "./blob-name.ts";
import type { Kernel } from "./kernel.ts";
import type { KeyRecord } from "./model.ts";
import type { Change } from "./rows.ts";
import { refuseUnsupported } from "./use.ts";

/**
 * Makes, verifies and commits a key with its first material. Undefined: the id (or its blob name) is taken, or the account's
 * keys changed meanwhile. Throws what `admit` does, see {@link Change}.
 */
export async function insertKey(
  k: Kernel,
  key: Omit<KeyRecord, "blobName" | "bornArn" | "materials" | "createdMs" | "onDemandRotations">,
  {
    blobName = blobNameOf(key.keyId),
    admit,
  }: { readonly blobName?: Uint8Array } & Pick<Change, "admit"> = {},
): Promise<KeyRecord | undefined> {
  const createdMs = k.clock.now();
  const bornArn = keyArn(k.region, key.account, key.keyId);
  // An EXTERNAL key waits for its first import.
  const made =
    key.origin === "EXTERNAL"
      ? undefined
      : await k.materials.makeFor(key.spec, bornArn).catch(refuseUnsupported);
  const record: KeyRecord = {
    ...key,
    bornArn,
    createdMs,
    onDemandRotations: 0,
    ...(made?.publicKey !== undefined && { publicKey: made.publicKey }),
    blobName,
    materials: made === undefined ? [] : [{ id: made.id, createdMs, state: "CURRENT" }],
  };
  const aliases = key.aliases.map((name) => ({
    before: undefined,
    after: { account: key.account, name, targetKeyId: key.keyId, createdMs, updatedMs: createdMs },
  }));
  const ok = await k.rows.commit({
    keys: [{ before: undefined, after: record }],
    aliases,
    ...(admit !== undefined && { admit }),
    materials: made === undefined ? [] : [{ key: record, id: made.id, after: made.record }],
  });
  return ok ? record : undefined;
}
