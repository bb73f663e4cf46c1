/**
 * CRC-64/NVME (NVM Express NVM command set 5.2.1.3.4), several times as fast as what libraries have without native code:
 * it is computed over every uploaded byte, and it was the dearest step of a large upload. Two ways:
 *
 * Tables: eight bytes a step by eight of them ("slicing-by-8"), in four lanes over the quarters of a block, because one
 * lane waits for its own table look-ups; the lanes are joined by tables that carry a register over a quarter's length of
 * zeros.
 *
 * Folding, for long pieces: the polynomial divides a sum of thirteen powers of x whose exponents are multiples of 128. A
 * remainder by that sum has the same CRC, and dividing by it is twelve XORs of sixteen bytes: no table, no shift. What
 * remains, a block, goes through the tables.
 */
import {
  type Code,
  type FunctionCode,
  get,
  I32_ADD,
  I32_AND,
  I32_SHL,
  I32_SUB,
  I32_WRAP_I64,
  I64_AND,
  I64_SHR_U,
  I64_XOR,
  i32,
  i64,
  loadI64,
  loadU8,
  loadV128,
  moduleBytes,
  set,
  storeI64,
  storeV128,
  V128_XOR,
  whileBelow,
} from "./wasm.ts";

/** The polynomial, its bits reversed. */
const POLYNOMIAL = 0x9a6c_9329_ac4b_c9b5n;
const LANES = 4;
const LANE_BYTES = 1024;
const BLOCK_BYTES = LANES * LANE_BYTES;
const TABLE_BYTES = 256 * 8;

/**
 * x^(128 * 213) = the sum of x^(128 * (213 - d)) modulo the polynomial, for these d: sixteen bytes may be taken away if
 * they are added (XOR) so many times sixteen bytes further on. Found by a search over sums of six powers with equal ends
 * (a generalised birthday); crc64.test.ts checks it.
 */
export const FOLD_DISTANCES = [45, 54, 61, 73, 74, 120, 145, 159, 161, 162, 191, 213];
const FOLD_UNIT = 16;
const FOLD_REACH = FOLD_UNIT * Math.max(...FOLD_DISTANCES);
/** Below, folding gains nothing over what it leaves to the tables: a block, INVARIANT: not shorter than FOLD_REACH. */
const FOLD_BYTES_MIN = 2 * BLOCK_BYTES;

/** Memory: slicing tables, carrying tables, the register, zeros, and from the second page on the bytes to sum. */
const SLICE_AT = 0;
const CARRY_AT = 8 * TABLE_BYTES;
const STATE_AT = 16 * TABLE_BYTES;
const DATA_AT = 65_536;
const DATA_BYTES = 65_536;

/** XOR of eight look-ups by the bytes of the i64 local `x`; `tableOf` names the table of a byte. */
function lookUps(x: number, tableOf: (byte: number) => number): Code {
  const terms = Array.from({ length: 8 }, (_, byte): Code => {
    // The byte times eight, as an offset into a table of 64-bit entries.
    const offset =
      byte === 0
        ? [get(x), I32_WRAP_I64, i32(3), I32_SHL]
        : [get(x), i64(8 * byte - 3), I64_SHR_U, I32_WRAP_I64];
    const entry: Code = [offset, i32(0x7f8), I32_AND, loadI64(tableOf(byte))];
    return byte === 0 ? entry : [entry, I64_XOR];
  });
  return terms;
}
const sliceTable = (byte: number): number => SLICE_AT + (7 - byte) * TABLE_BYTES;
const carryTable = (byte: number): number => CARRY_AT + byte * TABLE_BYTES;

/** `bytes(at, end, eights)`: one lane, eight bytes a step up to `eights`, then one byte a step. */
const AT = 0;
const END = 1;
const EIGHTS = 2;
const bytesCode: Code = [
  [i32(0), loadI64(STATE_AT), set(3)],
  whileBelow(AT, EIGHTS, [
    [get(AT), loadI64(0), get(3), I64_XOR, set(4)],
    [lookUps(4, sliceTable), set(3)],
    [get(AT), i32(8), I32_ADD, set(AT)],
  ]),
  whileBelow(AT, END, [
    [
      get(3),
      get(AT),
      loadU8(0),
      I64_XOR,
      i64(0xff),
      I64_AND,
      I32_WRAP_I64,
      i32(3),
      I32_SHL,
      loadI64(SLICE_AT),
    ],
    [get(3), i64(8), I64_SHR_U, I64_XOR, set(3)],
    [get(AT), i32(1), I32_ADD, set(AT)],
  ]),
  [i32(0), get(3), storeI64(STATE_AT)],
];

/** `blocks(at, end)`: whole blocks. Locals: 2 end of the first lane; registers 3 to 6, scratch 7 to 10. */
const LANE_END = 2;
const register = (lane: number): number => 3 + lane;
const scratch = (lane: number): number => 3 + LANES + lane;
const lanes = [...Array(LANES).keys()];
const blocksCode: Code = [
  [i32(0), loadI64(STATE_AT), set(register(0))],
  whileBelow(AT, END, [
    lanes.slice(1).map((lane) => [i64(0), set(register(lane))]),
    [get(AT), i32(LANE_BYTES), I32_ADD, set(LANE_END)],
    whileBelow(AT, LANE_END, [
      lanes.map((lane) => [
        [get(AT), loadI64(lane * LANE_BYTES), get(register(lane)), I64_XOR, set(scratch(lane))],
        [lookUps(scratch(lane), sliceTable), set(register(lane))],
      ]),
      [get(AT), i32(8), I32_ADD, set(AT)],
    ]),
    lanes
      .slice(1)
      .map((lane) => [lookUps(register(0), carryTable), get(register(lane)), I64_XOR, set(register(0))]),
    [get(AT), i32(BLOCK_BYTES - LANE_BYTES), I32_ADD, set(AT)],
  ]),
  [i32(0), get(register(0)), storeI64(STATE_AT)],
];

/**
 * `fold(at, end)`: sixteen bytes at a time leave [at, end) and go into what follows, up to FOLD_REACH beyond `end`; the
 * register is taken in first. Each unit is written once, as its own bytes and those that fall on it: before `at` lie
 * zeros, and beyond `end` only the distances count that reach back into the range.
 */
const foldCode: Code = [
  [get(AT), get(AT), loadI64(0), i32(0), loadI64(STATE_AT), I64_XOR, storeI64(0)],
  [i32(0), i64(0), storeI64(STATE_AT)],
  // From here on `at` is FOLD_REACH before its unit, because offsets are never negative.
  [get(AT), i32(FOLD_REACH), I32_SUB, set(AT)],
  [get(END), i32(FOLD_REACH), I32_SUB, set(END)],
  foldUpTo(FOLD_DISTANCES),
  FOLD_DISTANCES.map((distance, i) => [
    [get(END), i32(FOLD_UNIT * (distance - (FOLD_DISTANCES[i - 1] ?? 0))), I32_ADD, set(END)],
    foldUpTo(FOLD_DISTANCES.slice(i)),
  ]),
];

/** Adds to each unit before `end` the units that lie so far back. */
function foldUpTo(distances: readonly number[]): Code {
  const fallen = distances.map((d): Code => [get(AT), loadV128(FOLD_REACH - FOLD_UNIT * d), V128_XOR]);
  return whileBelow(AT, END, [
    [get(AT), get(AT), loadV128(FOLD_REACH), fallen, storeV128(FOLD_REACH)],
    [get(AT), i32(FOLD_UNIT), I32_ADD, set(AT)],
  ]);
}

/** Every runtime of the server has it; the language's own type libraries only know it as a part of browsers. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly validate: (code: Uint8Array<ArrayBuffer>) => boolean;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly bytes: (at: number, end: number, eights: number) => void;
  readonly blocks: (at: number, end: number) => void;
  /** Absent where the processor has no such instructions for the runtime. */
  readonly fold?: (at: number, end: number) => void;
}

function instantiate(): Exports {
  const tables: FunctionCode[] = [
    { name: "bytes", parameters: 3, i32Locals: 0, i64Locals: 2, body: bytesCode },
    { name: "blocks", parameters: 2, i32Locals: 1, i64Locals: 2 * LANES, body: blocksCode },
  ];
  const fold = { name: "fold", parameters: 2, i32Locals: 0, i64Locals: 0, body: foldCode };
  const both = moduleBytes(2, [...tables, fold]);
  const code = WebAssembly.validate(both) ? both : moduleBytes(2, tables);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  return exports as Exports;
}

const wasm = instantiate();
const memory = new Uint8Array(wasm.memory.buffer);
const words = new Uint32Array(wasm.memory.buffer);
const state = words.subarray(STATE_AT / 4, STATE_AT / 4 + 2);

/** All tables are linear: entries of single bits are computed, the others are sums (XOR) of those. */
function makeTables(): void {
  const entries = new BigUint64Array(wasm.memory.buffer, 0, 16 * 256);
  const state = new BigUint64Array(wasm.memory.buffer, STATE_AT, 1);
  const fill = (table: number, entryOf: (bit: number) => bigint): void => {
    for (let byte = 1; byte < 256; byte++) {
      const one = byte & -byte;
      const rest = entries[256 * table + (byte ^ one)] ?? 0n;
      entries[256 * table + byte] =
        one === byte ? entryOf(Math.log2(one)) : rest ^ (entries[256 * table + one] ?? 0n);
    }
  };
  /** A register after `bytes` bytes of zeros. */
  const carried = (register: bigint, bytes: number): bigint => {
    state[0] = register;
    wasm.bytes(DATA_AT, DATA_AT + bytes, DATA_AT);
    return state[0];
  };
  // Eight zero bits, by hand: `bytes` needs this table.
  fill(0, (bit) => {
    let register = 1n << BigInt(bit);
    for (let i = 0; i < 8; i++) register = (register >> 1n) ^ ((register & 1n) === 0n ? 0n : POLYNOMIAL);
    return register;
  });
  for (let table = 1; table < 8; table++) fill(table, (bit) => carried(1n << BigInt(bit), table + 1));
  for (let table = 0; table < 8; table++)
    fill(8 + table, (bit) => carried(1n << BigInt(8 * table + bit), LANE_BYTES));
}
makeTables();

/** A running sum. All share one memory: each update brings its register and takes it away again. */
export class Crc64Nvme {
  #low = 0xffff_ffff;
  #high = 0xffff_ffff;

  update(bytes: Uint8Array): void {
    state[0] = this.#low;
    state[1] = this.#high;
    for (let at = 0; at < bytes.length; at += DATA_BYTES) {
      const piece = bytes.length <= DATA_BYTES ? bytes : bytes.subarray(at, at + DATA_BYTES);
      memory.set(piece, DATA_AT);
      const blocksEnd = DATA_AT + piece.length - (piece.length % BLOCK_BYTES);
      const end = DATA_AT + piece.length;
      let blocksAt = DATA_AT;
      if (wasm.fold !== undefined && piece.length >= FOLD_BYTES_MIN) {
        blocksAt = blocksEnd - BLOCK_BYTES;
        wasm.fold(DATA_AT, blocksAt);
      }
      if (blocksEnd > blocksAt) wasm.blocks(blocksAt, blocksEnd);
      if (end > blocksEnd) wasm.bytes(blocksEnd, end, end - ((end - blocksEnd) % 8));
    }
    this.#low = state[0] ?? 0;
    this.#high = state[1] ?? 0;
  }

  /** Big-endian, as S3 encodes it. */
  digest(): Uint8Array {
    const out = new Uint8Array(8);
    putRegister(out, 0, ~this.#high);
    putRegister(out, 4, ~this.#low);
    return out;
  }
}

function putRegister(out: Uint8Array, at: number, register: number): void {
  out[at] = register >>> 24;
  out[at + 1] = register >>> 16;
  out[at + 2] = register >>> 8;
  out[at + 3] = register;
}
