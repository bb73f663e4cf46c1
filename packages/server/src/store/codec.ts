/**
 * How a record's body is written. Its first byte is the format version; a codec reads every version it ever wrote, and a
 * changed shape gets a new version and a vector of the old one.
 */
import { Packr } from "msgpackr";
import { IntegrityError } from "../base/errors.ts";
import { concat } from "./key-bytes.ts";

export interface Codec<T> {
  /** What `encode` writes first. */
  readonly version: number;
  encode(value: T): Uint8Array;
  /** Throws IntegrityError for an unknown version or a shape that was never written. */
  decode(body: Uint8Array): T;
}

/** Plain maps and arrays; no shared structures, so that a body can be read alone. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false, int64AsType: "number" });

/**
 * For cold records: MessagePack after the version byte. `parse` gets what was decoded, with its version, and makes the
 * present shape of it or throws. Byte strings come back as Uint8Array.
 */
export function msgpackCodec<T>(version: number, parse: (body: unknown, version: number) => T): Codec<T> {
  return {
    version,
    encode: (value) => concat(Uint8Array.of(version), packr.pack(value)),
    decode: (body) => {
      const written = body[0];
      if (written === undefined || written > version || written === 0) {
        throw new IntegrityError(`a record of unknown format version ${written ?? "none"}`);
      }
      // A copy of its own: decoded byte strings are views on it.
      const decoded: unknown = packr.unpack(new Uint8Array(body.subarray(1)));
      return parse(decoded, written);
    },
  };
}
