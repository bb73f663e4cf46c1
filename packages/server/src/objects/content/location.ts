/**
 * Where a sealed stream lies: inline in the record store, or in a blob of its own; its stored size, and the CRC32C of its
 * stored bytes, by which bit rot shows without any key. Stands outside the manifest, so that blobs can move.
 *
 *     kind(1: 0 inline, 1 blob) || [blobId(16)] || storedSize(8) || crc32c(4)
 */
import { Reader, Writer } from "@strongroom/crypto";
import { asId, type BlobId } from "../../base/ids.ts";

const LOCATIONS_FORMAT = 1;

export interface Location {
  /** Absent: inline, under content id and stream index. */
  readonly blob?: BlobId;
  readonly storedSize: number;
  readonly crc32c: number;
}

export function writeLocation(out: Writer, location: Location): void {
  if (location.blob === undefined) out.u8(0);
  else out.u8(1).fixed(location.blob, 16);
  out.u64(location.storedSize).u32(location.crc32c);
}

export function readLocation(from: Reader): Location {
  const kind = from.u8();
  if (kind > 1) from.fail("an unknown kind of location");
  // A copy: a view would keep the whole record alive in caches.
  const blob = kind === 1 ? asId<BlobId>(from.take(16).slice()) : undefined;
  const storedSize = from.u64();
  const crc32c = from.u32();
  return blob === undefined ? { storedSize, crc32c } : { blob, storedSize, crc32c };
}

/** Body of a page of locations (table `page`): format(1) = 1 || count(4) || locations. */
export function encodeLocations(locations: readonly Location[]): Uint8Array {
  const out = new Writer(8 + locations.length * 29).u8(LOCATIONS_FORMAT).u32(locations.length);
  for (const location of locations) writeLocation(out, location);
  return out.done();
}

export function decodeLocations(body: Uint8Array): readonly Location[] {
  const reader: Reader = new Reader(body, "locations");
  if (reader.u8() !== LOCATIONS_FORMAT) reader.fail("unknown format");
  const locations: Location[] = [];
  for (let n = reader.u32(); n > 0; n--) locations.push(readLocation(reader));
  reader.end();
  return locations;
}
