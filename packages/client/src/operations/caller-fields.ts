/** Fields that a caller may not set when the content is encrypted on the way: they would describe the plaintext. */
import { fail } from "../errors.ts";

const CHECKSUM_VALUE = /^(?:ContentMD5|Checksum(?:CRC32|CRC32C|CRC64NVME|SHA1|SHA256|SHA512|MD5|XXHASH.*))$/;

export function rejectPlaintextChecksums(input: object): void {
  for (const [name, value] of Object.entries(input))
    if (value !== undefined && CHECKSUM_VALUE.test(name)) fail("ChecksumGiven", name);
}
