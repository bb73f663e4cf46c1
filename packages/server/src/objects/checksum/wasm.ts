/**
 * As much of a WebAssembly assembler as crc64.ts needs (WebAssembly core specification 2.0, section 5): one memory,
 * functions of i32 parameters without results. Code is a list of bytes and nested lists.
 */
export type Code = number | readonly Code[];

export function unsigned(value: number): number[] {
  const out: number[] = [];
  let left = value >>> 0;
  for (; left > 0x7f; left >>>= 7) out.push((left & 0x7f) | 0x80);
  out.push(left);
  return out;
}

/** Signed LEB128 of a value that is never negative here. */
function constant(value: number): number[] {
  const out = unsigned(value);
  const last = out.at(-1) ?? 0;
  if ((last & 0x40) === 0) return out;
  return [...out.slice(0, -1), last | 0x80, 0];
}

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number): Code => [0x21, unsigned(local)];
export const i32 = (value: number): Code => [0x41, constant(value)];
export const i64 = (value: number): Code => [0x42, constant(value)];
export const I32_ADD = 0x6a;
export const I32_SUB = 0x6b;
export const I32_AND = 0x71;
export const I32_SHL = 0x74;
export const I32_LT_U = 0x49;
export const I64_AND = 0x83;
export const I64_XOR = 0x85;
export const I64_SHR_U = 0x88;
export const I32_WRAP_I64 = 0xa7;
/** From the address on the stack plus `offset`. */
export const loadI64 = (offset: number): Code => [0x29, 0, unsigned(offset)];
export const loadU8 = (offset: number): Code => [0x31, 0, unsigned(offset)];
export const storeI64 = (offset: number): Code => [0x37, 0, unsigned(offset)];
/** Sixteen bytes at once. */
export const loadV128 = (offset: number): Code => [0xfd, 0x00, 0, unsigned(offset)];
export const storeV128 = (offset: number): Code => [0xfd, 0x0b, 0, unsigned(offset)];
export const V128_XOR: Code = [0xfd, 0x51];

/** Repeats `body` while local `a` is below local `b`, tested before each turn. */
export const whileBelow = (a: number, b: number, body: Code): Code => [
  [0x02, 0x40, 0x03, 0x40],
  [get(a), get(b), I32_LT_U, 0x45, 0x0d, 1],
  body,
  [0x0c, 0, 0x0b, 0x0b],
];

export interface FunctionCode {
  readonly name: string;
  /** i32 each; locals are numbered after them: the i32 ones, then the i64 ones. */
  readonly parameters: number;
  readonly i32Locals: number;
  readonly i64Locals: number;
  readonly body: Code;
}

/** By the engine's own hand: a start pays for this once, in code that nothing has made fast yet. */
function flat(code: Code): number[] {
  const nested: readonly unknown[] = [code];
  return nested.flat(Infinity) as number[];
}

const sized = (code: Code): Code => {
  const bytes = flat(code);
  return [unsigned(bytes.length), bytes];
};
const vector = (items: readonly Code[]): Code => [unsigned(items.length), items];
const section = (id: number, code: Code): Code => [id, sized(code)];
const name = (text: string): Code => sized([...Buffer.from(text, "latin1")]);

/** Magic and version. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module that exports its functions, and its memory of that many 64 KiB pages as `memory`. */
export function moduleBytes(pages: number, functions: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
  const I32 = 0x7f;
  const I64 = 0x7e;
  const types = functions.map((f) => [0x60, vector(Array.from({ length: f.parameters }, () => I32)), 0]);
  const bodies = functions.map((f) => {
    const locals = vector([
      [unsigned(f.i32Locals), I32],
      [unsigned(f.i64Locals), I64],
    ]);
    return sized([locals, f.body, 0x0b]);
  });
  const exported = [[name("memory"), 2, 0], ...functions.map((f, i): Code => [name(f.name), 0, unsigned(i)])];
  return Uint8Array.from(
    flat([
      HEADER,
      section(1, vector(types)),
      section(3, vector(functions.map((_, i) => unsigned(i)))),
      section(5, vector([[0, unsigned(pages)]])),
      section(7, vector(exported)),
      section(10, vector(bodies)),
    ]),
  );
}
