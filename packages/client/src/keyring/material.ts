/** Choosing a raw key by material description (spec section 6): exact match among the additional ones, else default. */
import { sameMap, type StringMap } from "../envelope/json-map.ts";
import { fail } from "../errors.ts";

/**
 * A wrapping key that may open older objects, chosen by the description stored with them.
 *
 * @example
 * ```ts
 * const old: DecryptionMaterial<Uint8Array> = { materialDescription: { generation: "1" }, key };
 * const keyring = new RawAesKeyring({
 *   key: crypto.getRandomValues(new Uint8Array(32)),
 *   materialDescription: { generation: "2" },
 *   decryptionKeys: [old],
 * });
 * console.log(keyring.unwraps);
 * ```
 */
export interface DecryptionMaterial<Key> {
  readonly materialDescription: Readonly<Record<string, string>>;
  readonly key: Key;
}

export function toStringMap(record: Readonly<Record<string, string>> | undefined): StringMap {
  const map = new Map(Object.entries(record ?? {}));
  for (const value of map.values())
    if (typeof value !== "string") fail("InvalidOption", "descriptions and contexts map strings to strings");
  return map;
}

export class MaterialChoice<Key> {
  readonly #default: Key;
  readonly #others: readonly { readonly description: StringMap; readonly key: Key }[];

  constructor(key: Key, others: readonly DecryptionMaterial<Key>[] = []) {
    this.#default = key;
    this.#others = others.map((o) => ({ description: toStringMap(o.materialDescription), key: o.key }));
  }

  choose(description: StringMap): Key {
    return this.#others.find((o) => sameMap(o.description, description))?.key ?? this.#default;
  }
}
