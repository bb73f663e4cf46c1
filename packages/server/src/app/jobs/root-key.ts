/**
 * `strongroom root-key change`: a new root key. The provider stores and syncs it beside the old one, one commit reseals the
 * keyring, then the old one goes. No object and no other record is touched; a crash between leaves two keys of which one
 * opens, and the command finishes what it began when it is run again.
 */
import { SYSTEM } from "../../audit/event.ts";
import { resealKeyring } from "../../store/keyring.ts";
import { UsageError } from "../config.ts";
import type { Job } from "./job.ts";

export const rootKey: Job = async (engine, { args }, output) => {
  if (args[0] !== "change") throw new UsageError("root-key: the one action is `change`");
  const { provider } = engine.keyrings;
  const { recorder, trail } = engine.audit;
  const record = async (details: unknown): Promise<void> => {
    const ticket = recorder?.service("RootKeyRotation", SYSTEM, engine.settings.account, details, []);
    if (ticket !== undefined) await trail.durable(ticket);
  };
  await record({ phase: "intent" });
  const next = provider.prepareNext();
  const keyring = await resealKeyring(engine.store, engine.keyrings.roots(), next);
  provider.settle(keyring.rootGeneration);
  await record({ rootKeyGeneration: keyring.rootGeneration });
  output.out(
    `the root key is now generation ${keyring.rootGeneration} (${provider.name}). Keep a copy elsewhere; the old one opens only backups made before.`,
  );
  return 0;
};
