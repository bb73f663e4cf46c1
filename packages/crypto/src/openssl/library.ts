/**
 * The functions of OpenSSL's EVP interface (man 3 EVP_EncryptInit, EVP_DigestInit), called through `node:ffi` in the very
 * library that node:crypto calls. What is left out is what surrounds them there: an object, its finaliser, a copy and
 * several buffers off the engine's heap for each message.
 *
 * INVARIANT: a pointer is worth no more than its length. Only gcm.ts and digest.ts call these, and only with
 * addresses in {@link Arena} or of a view whose length they have checked in the same function.
 */

/** An address. 0n is NULL. */
export type Pointer = bigint;
/** What C calls int or size_t. */
export type Integer = bigint;

/** 1 is success, as the manual has it. */
export interface EvpFunctions {
  EVP_CIPHER_fetch(library: Pointer, name: Pointer, properties: Pointer): Pointer;
  EVP_CIPHER_CTX_new(): Pointer;
  EVP_EncryptInit_ex(context: Pointer, cipher: Pointer, engine: Pointer, key: Pointer, iv: Pointer): number;
  EVP_EncryptUpdate(
    context: Pointer,
    out: Pointer,
    outLength: Pointer,
    input: Pointer,
    length: Integer,
  ): number;
  EVP_EncryptFinal_ex(context: Pointer, out: Pointer, outLength: Pointer): number;
  EVP_DecryptInit_ex(context: Pointer, cipher: Pointer, engine: Pointer, key: Pointer, iv: Pointer): number;
  EVP_DecryptUpdate(
    context: Pointer,
    out: Pointer,
    outLength: Pointer,
    input: Pointer,
    length: Integer,
  ): number;
  EVP_DecryptFinal_ex(context: Pointer, out: Pointer, outLength: Pointer): number;
  EVP_CIPHER_CTX_ctrl(context: Pointer, command: Integer, argument: Integer, pointer: Pointer): number;
  EVP_MD_fetch(library: Pointer, name: Pointer, properties: Pointer): Pointer;
  EVP_MD_CTX_new(): Pointer;
  EVP_DigestInit_ex(context: Pointer, digest: Pointer, engine: Pointer): number;
  EVP_DigestUpdate(context: Pointer, input: Pointer, length: Integer): number;
  EVP_DigestFinal_ex(context: Pointer, out: Pointer, outLength: Pointer): number;
  ERR_clear_error(): void;
}

export interface Library {
  readonly evp: EvpFunctions;
  /** Where a view's first byte lies, while the view is held. */
  readonly addressOf: (bytes: Uint8Array) => Pointer;
}

interface Signature {
  readonly arguments: readonly string[];
  readonly return: string;
}

/** As much of node:ffi as is used here, narrowed: its own types let buffers and texts pass for pointers. */
interface Ffi {
  dlopen(
    path: string | null,
    definitions: Readonly<Record<string, Signature>>,
  ): { readonly functions: EvpFunctions };
  readonly getRawPointer: (bytes: Uint8Array) => Pointer;
}

/**
 * Of every argument, integers too: a function whose arguments have one type is called in a tenth of the time of others. The
 * platform that this is used on (index.ts) passes both in the same registers, of which an int is the lower half.
 */
const P = "pointer";
const INT = "int32";
const three: Signature = { arguments: [P, P, P], return: INT };
const five: Signature = { arguments: [P, P, P, P, P], return: INT };
const fetch: Signature = { arguments: [P, P, P], return: P };
const make: Signature = { arguments: [], return: P };
const SIGNATURES: Readonly<Record<keyof EvpFunctions, Signature>> = {
  EVP_CIPHER_fetch: fetch,
  EVP_CIPHER_CTX_new: make,
  EVP_EncryptInit_ex: five,
  EVP_EncryptUpdate: five,
  EVP_EncryptFinal_ex: three,
  EVP_DecryptInit_ex: five,
  EVP_DecryptUpdate: five,
  EVP_DecryptFinal_ex: three,
  EVP_CIPHER_CTX_ctrl: { arguments: [P, P, P, P], return: INT },
  EVP_MD_fetch: fetch,
  EVP_MD_CTX_new: make,
  EVP_DigestInit_ex: three,
  EVP_DigestUpdate: three,
  EVP_DigestFinal_ex: three,
  ERR_clear_error: { arguments: [], return: "void" },
};

/** Throws where this runtime has no node:ffi, may not use it, or its OpenSSL lacks a function. */
export function openLibrary(): Library {
  // By way of unknown: `Ffi` is narrower than node:ffi's own type, which TypeScript takes for another one.
  const ffi = quietly(() => process.getBuiltinModule("node:ffi") as unknown as Ffi | undefined);
  if (ffi === undefined) throw new Error("this runtime has no node:ffi");
  const { functions } = ffi.dlopen(null, SIGNATURES);
  return { evp: { ...functions }, addressOf: ffi.getRawPointer };
}

/** The module warns that it is experimental. Whoever calls this has a way without it, and asks before each use. */
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
