/** The stored bytes of a sealed stream against its size and CRC32C: shows rot without any key. */
import { IntegrityError } from "../base/errors.ts";
import type { Store } from "../store/port.ts";
import { startChecksum } from "./checksum/algorithms.ts";
import type { Location } from "./content/location.ts";

/** `inline`: the row key of a stream without a blob. Throws IntegrityError. */
export async function checkStored(store: Store, location: Location, inline: Uint8Array): Promise<void> {
  const { blob, storedSize, crc32c } = location;
  const hasher = startChecksum("CRC32C");
  let size = 0;
  const take = (chunk: Uint8Array): void => {
    hasher.update(chunk);
    size += chunk.length;
  };
  if (blob === undefined) {
    const [row] = await store.get([{ table: "inline", key: inline }]);
    if (row === undefined) throw new IntegrityError("the inline stream is missing");
    take(row.value);
  } else {
    for await (const chunk of store.blobs.get(blob, 0, storedSize, storedSize)) take(chunk);
  }
  if (size !== storedSize) throw new IntegrityError(`${size} stored bytes instead of ${storedSize}`);
  const found = hasher.digest();
  if (new DataView(found.buffer, found.byteOffset).getUint32(0) !== crc32c) {
    throw new IntegrityError("the stored bytes have another CRC32C");
  }
}
