/**
 * What an envelope says about its kek (sealed format, section 4): enough to ask for the key, nothing secret. Stored beside
 * the wrapped dek and authenticated by it.
 *
 *     SSE-S3          0x01 || bucketId(16) || epoch(4)
 *     SSE-KMS         0x02 || LP(key ARN) || LP(encrypted data key) || LP(canonical context)
 *     KMS bucket key  0x03 || LP(key ARN) || bucketKeyId(16) || LP(encrypted bucket key) || LP(canonical context)
 *     SSE-C           0x04 || LP("AES256") || checkSalt(32) || keyCheck(32)
 *
 * DSSE-KMS has one envelope a layer: layer 0 with the SSE-KMS form, layer 1 with the SSE-S3 form.
 */
import { Reader, Writer } from "./bytes.ts";
import { CryptoError } from "./errors.ts";

export type KekReference =
  | {
      readonly kind: "epoch";
      readonly bucketId: Uint8Array;
      /** 32 bits. */
      readonly epoch: number;
    }
  | {
      readonly kind: "kms";
      readonly keyArn: string;
      /** The blob of GenerateDataKey. */
      readonly encryptedKey: Uint8Array;
      /** Canonical encoding: `canonicalContext`. */
      readonly context: Uint8Array;
    }
  | {
      readonly kind: "kms-bucket-key";
      readonly keyArn: string;
      /** 16 bytes. */
      readonly bucketKeyId: Uint8Array;
      /** The blob of the bucket key. */
      readonly encryptedKey: Uint8Array;
      /** The bucket key's own context (bucket ARN and the user's pairs), canonical. */
      readonly context: Uint8Array;
    }
  | {
      readonly kind: "customer";
      readonly algorithm: "AES256";
      /** 32 bytes. */
      readonly checkSalt: Uint8Array;
      /** 32 bytes. */
      readonly keyCheck: Uint8Array;
    };

const EPOCH = 1;
const KMS = 2;
const BUCKET_KEY = 3;
const CUSTOMER = 4;
const ALGORITHM = "AES256";
const BLOB_BYTES_MAX = 6144;

export function encodeKekReference(ref: KekReference): Uint8Array {
  switch (ref.kind) {
    case "epoch":
      return Writer.scratch(21).u8(EPOCH).fixed(ref.bucketId, 16).u32(ref.epoch).done();
    case "kms":
      return Writer.scratch(512).u8(KMS).lpText(ref.keyArn).lp(ref.encryptedKey).lp(ref.context).done();
    case "kms-bucket-key":
      return Writer.scratch(512)
        .u8(BUCKET_KEY)
        .lpText(ref.keyArn)
        .fixed(ref.bucketKeyId, 16)
        .lp(ref.encryptedKey)
        .lp(ref.context)
        .done();
    case "customer":
      return Writer.scratch(96)
        .u8(CUSTOMER)
        .lpText(ref.algorithm)
        .fixed(ref.checkSalt, 32)
        .fixed(ref.keyCheck, 32)
        .done();
  }
}

/** Byte fields are views of `bytes`. Throws BadVersion, Malformed, Truncated, TrailingBytes. */
export function decodeKekReference(bytes: Uint8Array): KekReference {
  const reader = new Reader(bytes, "kek reference");
  const ref = read(reader, reader.u8());
  reader.end();
  return ref;
}

function read(reader: Reader, kind: number): KekReference {
  switch (kind) {
    case EPOCH:
      return { kind: "epoch", bucketId: reader.take(16), epoch: reader.u32() };
    case KMS:
      return {
        kind: "kms",
        keyArn: reader.lpText(),
        encryptedKey: reader.lp(BLOB_BYTES_MAX),
        context: reader.lp(),
      };
    case BUCKET_KEY:
      return {
        kind: "kms-bucket-key",
        keyArn: reader.lpText(),
        bucketKeyId: reader.take(16),
        encryptedKey: reader.lp(BLOB_BYTES_MAX),
        context: reader.lp(),
      };
    case CUSTOMER: {
      if (reader.lpText() !== ALGORITHM) reader.fail("an unknown customer algorithm");
      return {
        kind: "customer",
        algorithm: ALGORITHM,
        checkSalt: reader.take(32),
        keyCheck: reader.take(32),
      };
    }
    default:
      throw new CryptoError("BadVersion", "kek reference");
  }
}
