/**
 * The sealed record of a part: of its latest attempt, whose blob it owns. A part sent again replaces the row and puts the
 * former attempt's blob into the trash in one commit; salt and commitment are new each time.
 *
 *     format(1) = 1 || plaintextSize(8) || layers(1) || commitment(32) each || LP(sealed checksums) || location
 *     || etag(16) || lastModifiedMs(8)
 */
import { Reader, Writer } from "@strongroom/crypto";
import type { Codec } from "../../store/codec.ts";
import { type Location, readLocation, writeLocation } from "../content/location.ts";
import type { WrittenStream } from "../content/seal.ts";
import { parsed } from "../rows/codecs.ts";

export interface PartRecord {
  readonly plaintextSize: number;
  readonly commitments: WrittenStream["commitments"];
  /** Under the upload's dek and this attempt's commitment; moved to the manifest as it is. */
  readonly sealedChecksums: Uint8Array;
  readonly location: Location;
  /** 16 bytes: MD5 for SSE-S3, else random. */
  readonly etag: Uint8Array;
  readonly lastModifiedMs: number;
}

export const partCodec: Codec<PartRecord> = {
  version: 1,
  encode: (part) => {
    const out = new Writer(320).u8(1).u64(part.plaintextSize).u8(part.commitments.length);
    for (const commitment of part.commitments) out.fixed(commitment, 32);
    out.lp(part.sealedChecksums);
    writeLocation(out, part.location);
    return out.fixed(part.etag, 16).u64(part.lastModifiedMs).done();
  },
  decode: (body) =>
    parsed("a part record", () => {
      const reader: Reader = new Reader(body, "part record");
      if (reader.u8() !== 1) reader.fail("unknown format");
      const plaintextSize = reader.u64();
      const layers = reader.u8();
      if (layers !== 1 && layers !== 2) reader.fail("a stream has one or two layers");
      const first = reader.take(32);
      const commitments = layers === 1 ? ([first] as const) : ([first, reader.take(32)] as const);
      const sealedChecksums = reader.lp();
      const location = readLocation(reader);
      const etag = reader.take(16);
      const lastModifiedMs = reader.u64();
      reader.end();
      return { plaintextSize, commitments, sealedChecksums, location, etag, lastModifiedMs };
    }),
};
