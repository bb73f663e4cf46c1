/**
 * The codecs of this layer's rows. Versions, lives and pages have their own binary bodies, whose first byte is the format
 * version. Opened versions are kept by revision (store/records.ts); they hold wrapped keys only, never a dek.
 */
import { CryptoError } from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import type { Codec } from "../../store/codec.ts";
import { decodeLocations, encodeLocations, type Location } from "../content/location.ts";
import { decodeVersion, type Version } from "./version-record.ts";

/** What does not parse is damage: it opened under the metadata key, so nobody outside wrote it. */
export function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof CryptoError) throw new IntegrityError(`${what} does not parse`, cause);
    throw cause;
  }
}

/** For opening. What is written is built as a body and sealed by {@link bodyCodec}. */
export const versionCodec: Codec<Version> = {
  version: 1,
  encode: (version) => version.body,
  decode: (body) => parsed("a version record", () => decodeVersion(body)),
};

/** A body that is encoded already. */
export const bodyCodec: Codec<Uint8Array> = {
  version: 1,
  encode: (body) => body,
  decode: (body) => body,
};

export type LifeState = "active" | "deleting";

/** format(1) = 1 || state(1: 1 active, 2 deleting) */
export const lifeCodec: Codec<LifeState> = {
  version: 1,
  encode: (state) => Uint8Array.of(1, state === "active" ? 1 : 2),
  decode: (body) => {
    const state = body.length === 2 && body[0] === 1 ? body[1] : undefined;
    if (state === 1) return "active";
    if (state === 2) return "deleting";
    throw new IntegrityError("a life record does not parse");
  },
};

/** A page of manifest entries as `encodePages` makes it, with a format byte before it. */
export const streamPageCodec: Codec<Uint8Array> = {
  version: 1,
  encode: (page) => {
    const out = new Uint8Array(page.length + 1);
    out[0] = 1;
    out.set(page, 1);
    return out;
  },
  decode: (body) => {
    if (body[0] !== 1) throw new IntegrityError("a page of streams of unknown format");
    return new Uint8Array(body.subarray(1));
  },
};

export const locationPageCodec: Codec<readonly Location[]> = {
  version: 1,
  encode: encodeLocations,
  decode: (body) => parsed("a page of locations", () => decodeLocations(body)),
};
