/**
 * The checksum algorithms that S3 clients send, as data: one row an algorithm. CRCs are linear, so those of parts combine
 * into the whole object's without reading a byte again; digests and XXHASH do not.
 */
import { createHash, hash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import { crc32c as nativeCrc32c } from "@node-rs/crc32";
import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from "hash-wasm";
import type { ChecksumAlgorithm } from "../api/body.ts";
import { Crc64Nvme } from "./crc64.ts";

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Ends it. Big-endian bytes, as S3 encodes them. */
  digest(): Uint8Array;
}

interface Row {
  readonly bytes: number;
  /** Whether two values combine given the second's length. */
  readonly linear: boolean;
  readonly once: (bytes: Uint8Array) => Uint8Array;
  readonly start: () => Hasher;
}

/**
 * By index: a view takes an array of few bytes off the engine's heap, which costs more than they do (ADR 13), and `of` is
 * several times slower.
 */
function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  out[0] = value >>> 24;
  out[1] = value >>> 16;
  out[2] = value >>> 8;
  out[3] = value;
  return out;
}

function bytesOf(latin1: string): Uint8Array {
  const out = new Uint8Array(latin1.length);
  for (let i = 0; i < out.length; i++) out[i] = latin1.charCodeAt(i);
  return out;
}

class Crc32 implements Hasher {
  #crc = 0;
  readonly #step: (bytes: Uint8Array, crc: number) => number;
  constructor(step: (bytes: Uint8Array, crc: number) => number) {
    this.#step = step;
  }
  update(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#crc = this.#step(bytes, this.#crc);
  }
  digest(): Uint8Array {
    return u32(this.#crc);
  }
}

function crcRow(step: (bytes: Uint8Array, crc: number) => number): Row {
  return {
    bytes: 4,
    linear: true,
    once: (b) => u32(b.length === 0 ? 0 : step(b, 0)),
    start: () => new Crc32(step),
  };
}

function digestRow(name: string, bytes: number): Row {
  return {
    bytes,
    linear: false,
    // As text: a buffer off the engine's heap costs more than the digest of a small body.
    once: (b) => bytesOf(hash(name, b, "latin1")),
    start() {
      const h = createHash(name);
      return {
        update: (b) => {
          h.update(b);
        },
        digest: () => h.digest(),
      };
    },
  };
}

/**
 * WebAssembly hashers, made once at start (their compilation is asynchronous). One instance serves all: a stream's state
 * is saved after each update and loaded before the next, which costs a copy of at most some hundred bytes and leaves
 * nothing to give back when an upload is cut.
 */
async function wasmRow(make: () => Promise<IHasher>, bytes: number, linear: boolean): Promise<Row> {
  const shared = await make();
  return {
    bytes,
    linear,
    once: (b) => shared.init().update(b).digest("binary"),
    start() {
      let state = shared.init().save();
      return {
        update(b) {
          state = shared.load(state).update(b).save();
        },
        digest: () => shared.load(state).digest("binary"),
      };
    },
  };
}

const CRC64NVME: Row = {
  bytes: 8,
  linear: true,
  once(bytes) {
    const crc = new Crc64Nvme();
    crc.update(bytes);
    return crc.digest();
  },
  start: () => new Crc64Nvme(),
};

const ROWS: Readonly<Record<ChecksumAlgorithm, Row>> = {
  CRC32: crcRow((b, crc) => zlibCrc32(b, crc)),
  CRC32C: crcRow((b, crc) => nativeCrc32c(b, crc)),
  CRC64NVME,
  SHA1: digestRow("sha1", 20),
  SHA256: digestRow("sha256", 32),
  SHA512: digestRow("sha512", 64),
  MD5: digestRow("md5", 16),
  XXHASH64: await wasmRow(() => createXXHash64(), 8, false),
  XXHASH3: await wasmRow(() => createXXHash3(), 8, false),
  XXHASH128: await wasmRow(() => createXXHash128(), 16, false),
};

/** Bytes of a value. */
export const checksumBytes = (algorithm: ChecksumAlgorithm): number => ROWS[algorithm].bytes;
/** Whether the parts' values give the whole object's. */
export const isLinear = (algorithm: ChecksumAlgorithm): boolean => ROWS[algorithm].linear;
export const startChecksum = (algorithm: ChecksumAlgorithm): Hasher => ROWS[algorithm].start();
/** As a number, for places that keep it so. */
export const crc32cOf = (bytes: Uint8Array): number => (bytes.length === 0 ? 0 : nativeCrc32c(bytes, 0));
export const checksumOf = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): Uint8Array =>
  ROWS[algorithm].once(bytes);
