/** The root key and the keyring that it opens, as a process of the store finds or makes them at its start. */
import { type Keyring, KeyringError, loadKeyring, openKeyring, type RootKey } from "../store/keyring.ts";
import type { Store } from "../store/port.ts";
import { UsageError } from "./config.ts";
import type { RootKeyProvider } from "./root-key.ts";

export interface OpenedRoot {
  readonly roots: readonly RootKey[];
  readonly keyring: Keyring;
  readonly made: boolean;
}

/** Throws UsageError or KeyringError. */
export const openRoot = (store: Store, provider: RootKeyProvider, mayCreate: boolean): Promise<OpenedRoot> =>
  lookTwice(() => openOnce(store, provider, mayCreate));

/**
 * Root keys are looked at first, then what they open. A root-key change beside moves files that were just seen, and seals
 * the keyring under a key that was not there yet: what is wrong at one look only, is not.
 */
export async function lookTwice<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof KeyringError || error instanceof UsageError || isMissingFile(error))) throw error;
    return look();
  }
}

async function openOnce(store: Store, provider: RootKeyProvider, mayCreate: boolean): Promise<OpenedRoot> {
  const present = provider.load();
  if (present.length > 0) {
    const keyring = await openKeyring(store, present);
    // A root-key change that was cut after its commit ends here: the key that seals nothing any more goes.
    if (present.length > 1) provider.settle(keyring.rootGeneration);
    return { roots: present, keyring, made: false };
  }
  // Throws if there is sealed data: then a new key would open nothing.
  if ((await loadKeyring(store, [])) !== undefined || !mayCreate) {
    throw new UsageError(
      `there is no store in this data directory yet, and no root key (${provider.name}); run strongroom serve first`,
    );
  }
  const roots = [provider.create()];
  return { roots, keyring: await openKeyring(store, roots), made: true };
}

const isMissingFile = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
