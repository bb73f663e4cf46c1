/**
 * `@strongroom/crypto`: everything that Strongroom does with keys and ciphers on the server side. Synchronous
 * `node:crypto`, no I/O, no dependencies. Formats: docs/format/sealed-format.md. Keys are handles (`SecretKey`); their
 * bytes leave through `@strongroom/crypto/expose` only. Failures are `CryptoError` with a stable code.
 */
export {
  canonicalContext,
  CONTEXT_BYTES_MAX,
  CONTEXT_PAIRS_MAX,
  decodeContext,
  type EncryptionContext,
} from "./encryption-context.ts";
export {
  type Checksum,
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  CHECKSUM_TYPES,
  type ChecksumType,
  decodeChecksums,
  encodeChecksums,
} from "./checksums.ts";
export { Reader, release, utf8, Writer } from "./bytes.ts";
export { completionKey, completionKeyForRecord, manifestTag, verifyManifestTag } from "./completion.ts";
export {
  DSSE_SMALL_BYTES_MAX,
  dssePlaintextSize,
  type DsseSpec,
  dsseStoredSize,
  openDsse,
  openDsseRange,
  openSmallDsse,
  sealDsse,
  type SealedSmallDsse,
  sealSmallDsse,
} from "./dsse.ts";
export {
  ENCRYPTION_MODES,
  type EncryptionMode,
  type EnvelopeForm,
  type EnvelopeIdentity,
  type EnvelopeKind,
  unwrapDek,
  type UnwrapInput,
  type Unwrapped,
  verifyWrap,
  wrapDek,
  type WrapInput,
  type Wrapped,
} from "./envelope.ts";
export { CryptoError, type CryptoErrorCode } from "./errors.ts";
export { decodeKekReference, encodeKekReference, type KekReference } from "./kek-reference.ts";
export {
  keyRecordId,
  type KeyRecordKind,
  type KeyRecordKinds,
  type KeyRecordPlace,
  keyRecordTerm,
  openKeyRecord,
  sealKeyRecord,
} from "./key-record.ts";
export {
  BLOB_BYTES_MAX,
  BLOB_OVERHEAD_BYTES,
  BLOB_PLAINTEXT_BYTES_MAX,
  type BlobHeader,
  type BlobKey,
  importedMaterial,
  materialId,
  openBlob,
  openBlobAsKek,
  parseBlobHeader,
  sealBlob,
} from "./kms-blob.ts";
export {
  decodeManifest,
  encodeManifest,
  etagText,
  expectedPage,
  type Manifest,
  manifestHash,
  type Pairs,
  type Streams,
} from "./manifest.ts";
export { openPartChecksums, sealPartChecksums } from "./part-checksums.ts";
export { callOpenSslDirectly } from "./openssl/index.ts";
export { type Random, randomBytes, systemRandom } from "./random.ts";
export { RECORD_OVERHEAD_BYTES, RecordSealer, recordTerm } from "./record.ts";
export { type KeyPurpose, SecretKey } from "./secret-key.ts";
export { customerKek, customerKeyMd5, type CustomerReference, newCustomerKek } from "./ssec.ts";
export { decodeEnvelope, encodeEnvelope, type StoredEnvelope } from "./stored-envelope.ts";
export {
  encodePages,
  type ExpectedPage,
  MANIFEST_STREAMS_MAX,
  openPage,
  type PageEntry,
  STREAM_PAGE_ENTRIES,
  type StreamEntry,
} from "./stream-entries.ts";
export type { Layer } from "./stream-header.ts";
export {
  openRange,
  openSmall,
  openStream,
  type ReadStored,
  StreamOpener,
  type StreamSpec,
  SmallOpener,
} from "./stream-opener.ts";
export { type SealedSmall, sealSmall, sealStream, StreamSealer } from "./stream-sealer.ts";
export {
  HEADER_BYTES,
  plaintextSize,
  SEGMENT_BYTES,
  storedSize,
  type StreamRange,
  streamRange,
} from "./stream-size.ts";
export { keyedHash, openToken, sealToken, TOKEN_OVERHEAD_BYTES } from "./token.ts";
export {
  type DigestKey,
  digestKeyFingerprint,
  newDigestKey,
  signDigest,
  TRAIL_TAG_BYTES,
  trailHash,
  TrailSealer,
  TrailSigner,
  verifyDigest,
  verifyTrailSignature,
} from "./trail.ts";
export { newWrappingPair, unwrapImported, type WrappingAlgorithm } from "./import-wrapping.ts";
export { importedId, importedKeyPair } from "./imported-key.ts";
export {
  DATA_KEY_PAIR_SPECS,
  type DataKeyPairSpec,
  deriveSecret,
  KEY_PAIR_SPECS,
  type KeyPair,
  type KeyPairSpec,
  newKeyPair,
  rsaDecrypt,
  rsaEncrypt,
  type RsaEncryptionAlgorithm,
  rsaPlaintextBytesMax,
  type RsaSigningAlgorithm,
  type SigningAlgorithm,
  signMessage,
  verifyMessage,
} from "./key-pairs.ts";
export { signRsaDigest, verifyRsaDigest } from "./rsa-digest.ts";
export { generateMac, type MacBits, verifyMac } from "./mac.ts";
export { sha256OfText, TextMac } from "./text-mac.ts";
