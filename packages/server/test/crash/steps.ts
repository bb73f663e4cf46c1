/** What step n of a writer puts: all of it follows from the writer's name and n, so that a checker can tell. */
import { crc32c } from "@node-rs/crc32";
import type { BlobId } from "../../src/base/ids.ts";
import type { Put, RowKey, Sealed } from "../../src/store/port.ts";

const encoder = new TextEncoder();
export const counterKey: RowKey = { table: "system", key: encoder.encode("counter") };
export const stepKey = (name: string, n: number): Uint8Array =>
  encoder.encode(`${name}/${String(n).padStart(9, "0")}`);

/** Every third step has a blob; most are small, some take several writes. */
export const blobSize = (n: number): number =>
  n % 3 === 0 ? 1 + ((n * 7919) % (n % 30 === 0 ? 700_000 : 9000)) : 0;

export function blobIdOf(name: string, n: number): BlobId {
  const id = new Uint8Array(16);
  const view = new DataView(id.buffer);
  view.setUint32(0, crc32c(`${name}${n}`));
  view.setUint32(4, crc32c(name));
  view.setUint32(12, n);
  return id as BlobId;
}

export function wholeBlob(name: string, n: number): Uint8Array {
  const seed = crc32c(`${name}:${n}`);
  return new Uint8Array(blobSize(n)).map((_, i) => (seed >>> (i % 24)) + i * 31);
}
export async function* blobBytes(name: string, n: number): AsyncGenerator<Uint8Array> {
  const whole = wholeBlob(name, n);
  for (let at = 0; at < whole.length; at += 65_552) {
    await Promise.resolve();
    yield whole.subarray(at, at + 65_552);
  }
}

/** Two rows in two tables, one of them of awkward size, with the same check value. */
export function rowsOf(name: string, n: number): Put[] {
  const key = stepKey(name, n);
  const value = (size: number): Sealed => new Uint8Array(size).fill(crc32c(`${name}-${n}`) & 0xff) as Sealed;
  return [
    { table: "head", key, value: value(300) },
    { table: "inline", key, value: value(100 + ((n * 131) % 5000)) },
  ];
}
