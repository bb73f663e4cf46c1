/**
 * The functions of OpenSSL's EVP interface (man 3 EVP_EncryptInit, EVP_DigestInit), called through `node:ffi` in the very
 * library that node:crypto calls. What is left out is what surrounds them there: an object, its finaliser, a copy and
 * several buffers off the engine's heap for each message.
 *
 * INVARIANT: a pointer is worth no more than its length. Only gcm.ts and digest.ts call these, and only with
 * addresses in {@link Arena} or of a view whose length they have checked in the same function.
 */

/** An address, or an integer that goes the same way. 0n is NULL. */
export type Pointer = bigint;

export interface Library {
  readonly evp: EvpFunctions;
  /** Where a view's first byte lies, while the view is held. */
  readonly addressOf: (bytes: Uint8Array) => Pointer;
}

/**
 * Of every argument, integers too: a function whose arguments have one type is called in a tenth of the time of others. The
 * platform that this is used on (index.ts) passes both in the same registers, of which an int is the lower half.
 */
const P = "pointer";
const INT = "int32";
const INT_OF_THREE = { arguments: [P, P, P], return: INT } as const;
const INT_OF_FIVE = { arguments: [P, P, P, P, P], return: INT } as const;
const FETCH = { arguments: [P, P, P], return: P } as const;
const MAKE = { arguments: [], return: P } as const;
/** Arguments as the manual has them. Of the ints that come back 1 is success. */
const SIGNATURES = {
  EVP_CIPHER_fetch: FETCH,
  EVP_CIPHER_CTX_new: MAKE,
  EVP_EncryptInit_ex: INT_OF_FIVE,
  EVP_EncryptUpdate: INT_OF_FIVE,
  EVP_EncryptFinal_ex: INT_OF_THREE,
  EVP_DecryptInit_ex: INT_OF_FIVE,
  EVP_DecryptUpdate: INT_OF_FIVE,
  EVP_DecryptFinal_ex: INT_OF_THREE,
  EVP_CIPHER_CTX_ctrl: { arguments: [P, P, P, P], return: INT },
  EVP_MD_fetch: FETCH,
  EVP_MD_CTX_new: MAKE,
  EVP_DigestInit_ex: INT_OF_THREE,
  EVP_DigestUpdate: INT_OF_THREE,
  EVP_DigestFinal_ex: INT_OF_THREE,
  ERR_clear_error: { arguments: [], return: "void" },
} as const;

interface Results {
  readonly pointer: Pointer;
  readonly int32: number;
  readonly void: void;
}
type Signature = (typeof SIGNATURES)[keyof typeof SIGNATURES];
type Pointers<A extends readonly unknown[]> = { readonly [I in keyof A]: Pointer };
/** Narrower than node:ffi's own type, which lets buffers and texts pass for pointers. */
type FunctionOf<S extends Signature> = (...values: Pointers<S["arguments"]>) => Results[S["return"]];
export type EvpFunctions = { readonly [K in keyof typeof SIGNATURES]: FunctionOf<(typeof SIGNATURES)[K]> };

/** Throws where this runtime has no node:ffi, may not use it, or its OpenSSL lacks a function. */
export function openLibrary(): Library {
  const ffi = quietly(() => process.getBuiltinModule("node:ffi"));
  if (ffi === undefined) throw new Error("this runtime has no node:ffi");
  const { functions } = ffi.dlopen(null, SIGNATURES);
  return { evp: { ...functions }, addressOf: ffi.getRawPointer };
}

/** The module warns that it is experimental. Whoever calls this has a way without it, and checks at each start. */
function quietly<T>(load: () => T): T {
  const kept = Object.getOwnPropertyDescriptor(process, "emitWarning");
  // Somewhere else than it was when this was written: then it warns.
  if (kept === undefined) return load();
  Object.defineProperty(process, "emitWarning", { ...kept, value: () => undefined });
  try {
    return load();
  } finally {
    Object.defineProperty(process, "emitWarning", kept);
  }
}

/** Above it an array has memory of its own, which stays where it is; below, the engine may keep it on its heap and move it. */
export const ON_HEAP_BYTES_MAX = 64;

/** Memory that OpenSSL reads and writes, for keys, nonces and whatever is too small to have an address of its own. */
export class Arena {
  readonly bytes: Uint8Array;
  readonly #address: Pointer;
  #used = 0;

  constructor(library: Library, size: number) {
    this.bytes = new Uint8Array(Math.max(size, 4096));
    this.#address = library.addressOf(this.bytes);
  }

  /** The next `size` bytes: where they begin in {@link bytes}, and their address. */
  take(size: number): { readonly at: number; readonly address: Pointer } {
    const at = this.#used;
    this.#used += (size + 63) & ~63;
    if (this.#used > this.bytes.length) throw new Error("INVARIANT: the arena holds what is taken");
    return { at, address: this.#address + BigInt(at) };
  }

  /** The address of a C string. */
  text(ascii: string): Pointer {
    const { at, address } = this.take(ascii.length + 1);
    for (let i = 0; i < ascii.length; i++) this.bytes[at + i] = ascii.charCodeAt(i);
    return address;
  }
}

/** Throws where OpenSSL gave NULL. */
export function notNull(pointer: Pointer, what: string): Pointer {
  if (pointer === 0n) throw new Error(`OpenSSL has no ${what}`);
  return pointer;
}

/** For calls that fail only where memory has run out or this package passes nonsense. */
export function must(result: number): void {
  if (result !== 1) throw new Error("INVARIANT: OpenSSL does what it is asked for");
}
