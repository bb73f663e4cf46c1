/** What vectors, their generator and the tests share: fixed randomness, the plaintext pattern, edits of sealed bytes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../src/index.ts";

/** A vector file's content. Untyped: its shape is what the tests assert. */
export type Json = ReturnType<typeof JSON.parse>;

export const loadVectors = (name: string): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../../testdata/sealed-format/${name}.json`), "utf8"));

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** Gives out exactly these bytes, in order, then throws. */
export function fixedRandom(...parts: readonly Uint8Array[]): Random {
  let left = Buffer.concat(parts);
  return {
    fill(into) {
      if (left.length < into.length) throw new Error("the vector gives no more random bytes");
      into.set(left.subarray(0, into.length));
      left = left.subarray(into.length);
    },
  };
}

/** A plaintext that differs at every offset and in every segment. */
export function pattern(size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 5 + 7) & 0xff;
  return out;
}

export type Edit =
  | { readonly op: "xor"; readonly at: number; readonly with: number }
  | { readonly op: "cut"; readonly to: number }
  | { readonly op: "append"; readonly hex: string }
  | { readonly op: "remove"; readonly from: number; readonly to: number }
  | { readonly op: "swap"; readonly a: number; readonly b: number; readonly size: number };

export function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let out = new Uint8Array(bytes);
  for (const edit of edits) {
    switch (edit.op) {
      case "xor": {
        const at = edit.at < 0 ? out.length + edit.at : edit.at;
        out[at] = (out[at] ?? 0) ^ edit.with;
        break;
      }
      case "cut":
        out = out.slice(0, edit.to < 0 ? out.length + edit.to : edit.to);
        break;
      case "append":
        out = new Uint8Array(Buffer.concat([out, unhex(edit.hex)]));
        break;
      case "remove":
        out = new Uint8Array(Buffer.concat([out.subarray(0, edit.from), out.subarray(edit.to)]));
        break;
      case "swap": {
        const a = out.slice(edit.a, edit.a + edit.size);
        out.copyWithin(edit.a, edit.b, edit.b + edit.size);
        out.set(a, edit.b);
        break;
      }
    }
  }
  return out;
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of source) all.push(chunk);
  return new Uint8Array(Buffer.concat(all));
}

/** The bytes in chunks of `size`. */
export async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
