/**
 * `strongroom root-key change`: a new root key. The provider stores and syncs it beside the old one, one commit reseals the
 * keyring, then the old one goes. No object and no other record is touched; a crash between leaves two keys of which one
 * opens, and the command finishes what it began when it is run again.
 */
import { type Keyring, loadKeyring, resealKeyring } from "../../store/keyring.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { recorded } from "../recorded.ts";
import { HeldLease } from "./held-lease.ts";
import type { Job } from "./job.ts";

export const rootKey: Job = async (engine, { args, options, beside }, output) => {
  if (args[0] !== "change") throw new UsageError("root-key: the one action is `change`");
  // Without a server the command has the directory to itself, and one that was killed must not keep the next one waiting.
  const lease = beside
    ? await HeldLease.take(
        engine.records,
        "root-key",
        0,
        "root-key: another change is running, or was cut within the last minute; wait for its end, then run this again",
      )
    : undefined;
  try {
    const { rootGeneration } = await recorded(engine, {
      name: "RootKeyRotation",
      what: {},
      work: () => change(engine, () => lease?.requireHeld()),
      outcome: (keyring) => (keyring === undefined ? {} : { rootKeyGeneration: keyring.rootGeneration }),
    });
    const { name: provider } = engine.keyrings.provider;
    if (options.has("json")) output.out(JSON.stringify({ rootGeneration, provider }));
    else
      output.out(
        `the root key is now generation ${rootGeneration} (${provider}). Keep a copy elsewhere; the old one opens only backups made before.`,
      );
  } finally {
    await lease?.release();
  }
  return 0;
};

async function change(engine: Engine, requireHeld: () => void): Promise<Keyring> {
  const { keyrings, store } = engine;
  const { provider } = keyrings;
  const next = provider.prepareNext();
  const stored = provider.load();
  // What seals the keyring must be where the next start looks for it.
  if (!stored.some(({ generation, key }) => generation === next.generation && key.equals(next.key)))
    throw new UsageError(
      `root-key: the new key is not what ${provider.name} holds, because another command changed it meanwhile. Nothing was resealed; run this again.`,
    );
  requireHeld();
  const { rootGeneration } = await resealKeyring(store, stored, next);
  // Another key of this generation may have sealed it: then both stay, and this throws.
  const keyring = await loadKeyring(store, [next]);
  if (keyring === undefined) throw new Error(`INVARIANT: generation ${rootGeneration} has a keyring`);
  provider.settle(rootGeneration);
  return keyring;
}
