/**
 * How imported key material travels (spec kms 11): RSAES-OAEP (RFC 8017 section 7.1) of the material, or of an ephemeral
 * AES key that wraps it by AES key wrap with padding (RFC 5649). Errors don't say which step refused the bytes.
 */
import { constants, createDecipheriv, createPrivateKey, generateKeyPair, privateDecrypt } from "node:crypto";
import { CryptoError } from "./errors.ts";

export type WrappingAlgorithm =
  | "RSAES_OAEP_SHA_1"
  | "RSAES_OAEP_SHA_256"
  | "RSA_AES_KEY_WRAP_SHA_1"
  | "RSA_AES_KEY_WRAP_SHA_256";

/** A fresh RSA key pair: SubjectPublicKeyInfo and PKCS #8, both DER. The private part is the caller's to seal and wipe. */
export function newWrappingPair(
  modulusBits: 2048 | 3072 | 4096,
): Promise<{ readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }> {
  return new Promise((done, failed) => {
    generateKeyPair(
      "rsa",
      {
        modulusLength: modulusBits,
        publicKeyEncoding: { type: "spki", format: "der" },
        privateKeyEncoding: { type: "pkcs8", format: "der" },
      },
      (error, publicKey, privateKey) => {
        if (error === null) done({ publicKey, privateKey });
        else failed(error);
      },
    );
  });
}

/** The material's bytes, which the caller wipes. Throws TagMismatch for whatever does not unwrap. */
export function unwrapImported(
  privateKey: Uint8Array,
  algorithm: WrappingAlgorithm,
  wrapped: Uint8Array,
): Uint8Array {
  const key = createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" });
  const oaepHash = algorithm.endsWith("_SHA_1") ? "sha1" : "sha256";
  const open = (bytes: Uint8Array): Uint8Array => {
    try {
      return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes);
    } catch (cause) {
      throw refused(cause);
    }
  };
  if (algorithm.startsWith("RSAES_OAEP")) return open(wrapped);
  const rsaBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  if (wrapped.length <= rsaBytes) throw refused();
  const kek = open(wrapped.subarray(0, rsaBytes));
  try {
    return unwrapPadded(kek, wrapped.subarray(rsaBytes));
  } finally {
    kek.fill(0);
  }
}

const ALTERNATIVE_IV = 0xa65959a6;

/** AES key wrap with padding, RFC 5649 section 4.2. `kek` of 16, 24 or 32 bytes. */
export function unwrapPadded(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const blocks = wrapped.length / 8 - 1;
  if (!Number.isInteger(blocks) || blocks < 1 || ![16, 24, 32].includes(kek.length)) throw refused();
  const plain = blocks === 1 ? decryptBlock(kek, wrapped) : unwrapBlocks(kek, wrapped, blocks);
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  const size = view.getUint32(4);
  const padding = blocks * 8 - size;
  const fits = view.getUint32(0) === ALTERNATIVE_IV && padding >= 0 && padding < 8;
  if (!fits || plain.subarray(8 + size).some((byte) => byte !== 0)) {
    plain.fill(0);
    throw refused();
  }
  return plain.subarray(8, 8 + size);
}

/** RFC 3394 section 2.2.2, index based: integrity block and then the plaintext's blocks. */
function unwrapBlocks(kek: Uint8Array, wrapped: Uint8Array, blocks: number): Uint8Array {
  const out = new Uint8Array(wrapped);
  const block = new Uint8Array(16);
  for (let step = 6 * blocks; step >= 1; step--) {
    const at = (((step - 1) % blocks) + 1) * 8;
    block.set(out.subarray(0, 8));
    block.set(out.subarray(at, at + 8), 8);
    const view = new DataView(block.buffer);
    view.setUint32(4, view.getUint32(4) ^ step);
    const opened = decryptBlock(kek, block);
    out.set(opened.subarray(0, 8));
    out.set(opened.subarray(8), at);
  }
  return out;
}

function decryptBlock(kek: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createDecipheriv(`aes-${kek.length * 8}-ecb`, kek, null).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(block), cipher.final()]));
}

const refused = (cause?: unknown): CryptoError =>
  new CryptoError("TagMismatch", "wrapped key material", cause);
