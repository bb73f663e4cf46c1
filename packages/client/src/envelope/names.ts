/** The envelope's names in user metadata and instruction files (spec section 2), without the `x-amz-meta-` prefix. */
export const NAME = {
  keyV1: "x-amz-key",
  keyV2: "x-amz-key-v2",
  iv: "x-amz-iv",
  matdesc: "x-amz-matdesc",
  wrapAlg: "x-amz-wrap-alg",
  cekAlg: "x-amz-cek-alg",
  tagLen: "x-amz-tag-len",
  plainLength: "x-amz-unencrypted-content-length",
  plainMd5: "x-amz-unencrypted-content-md5",
  fileMarker: "x-amz-crypto-instr-file",
  content: "x-amz-c",
  keyV3: "x-amz-3",
  wrap: "x-amz-w",
  commitment: "x-amz-d",
  messageId: "x-amz-i",
  description: "x-amz-m",
  context: "x-amz-t",
} as const;

export const ENVELOPE_NAMES: ReadonlySet<string> = new Set(Object.values(NAME));
/** On the object even when the rest of a V3 envelope is in an instruction file. */
export const OBJECT_ONLY_NAMES: readonly string[] = [NAME.content, NAME.commitment, NAME.messageId];
export const INSTRUCTION_SUFFIX = ".instruction";
/** S3's limit on user metadata: UTF-8 bytes of names without the prefix, plus values. */
export const METADATA_BYTES_MAX = 2048;
/** An instruction file is under 2 KB; a huge one is an attack (spec 13.3). */
export const INSTRUCTION_FILE_BYTES_MAX = 65_536;
