/** For tests of this and later layers: a keyring and records over any store, under a root key of their own. */
import { SecretKey } from "@strongroom/crypto";
import { type Keyring, openKeyring, type RootKey } from "./keyring.ts";
import type { Store } from "./port.ts";
import { Records } from "./records.ts";

export const testRoot = (generation = 1): RootKey => ({ generation, key: SecretKey.generate("root") });

export async function openTestRecords(
  store: Store,
  root: RootKey = testRoot(),
): Promise<{ readonly keyring: Keyring; readonly records: Records; readonly root: RootKey }> {
  const keyring = await openKeyring(store, [root]);
  return { keyring, records: new Records(store, keyring), root };
}
