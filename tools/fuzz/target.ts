/**
 * What a fuzz target is. A file `tools/fuzz/<name>.ts` that exports `target` is picked up by the runner; nothing else
 * needs to know about it.
 */
export interface FuzzTarget {
  /** Good inputs, as close to real traffic as possible: mutations start from them. */
  readonly seeds: readonly Uint8Array[];
  /** Words of the grammar, which blind mutation would never find. */
  readonly words?: readonly string[];
  /** Returns for every input, accepted or refused as documented. Throws, or never returns, on a bug. */
  run(bytes: Uint8Array): void | Promise<void>;
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
export const seeds = (...texts: readonly string[]): Uint8Array[] =>
  texts.map((t) => Buffer.from(t, "latin1"));

/** Throws unless `condition` holds: the invariant named was broken by the input. */
export function invariant(condition: boolean, what: string): void {
  if (!condition) throw new Error(`broken: ${what}`);
}
