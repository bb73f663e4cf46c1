/**
 * Whether OpenSSL is called directly (ADR 15). Off until a process asks for it; then on only where the platform is one that
 * was tried, and OpenSSL answers as node:crypto does. Everything works without, only slower.
 */
import { createCipheriv, createHash, createHmac, getFips, randomBytes } from "node:crypto";
import { DirectDigest } from "./digest.ts";
import { DirectGcm } from "./gcm.ts";
import { type Library, openLibrary } from "./library.ts";

export interface Direct {
  readonly gcm: DirectGcm;
  readonly sha256: DirectDigest;
  readonly sha512: DirectDigest;
}

/** Undefined: node:crypto does it. */
export let direct: Direct | undefined;

/** An interface that may change is used only where it was tried. */
const NODE_MAJOR = "26";
const OPENSSL_MAJOR = "3";
const PLATFORM = "linux-x64";

/** From now on. Returns why not, where node:crypto stays. */
export function callOpenSslDirectly(): string | undefined {
  if (direct !== undefined) return undefined;
  const { versions } = process;
  if (versions["bun"] !== undefined || versions.node.split(".")[0] !== NODE_MAJOR)
    return `made for Node ${NODE_MAJOR}`;
  if (versions.openssl?.split(".")[0] !== OPENSSL_MAJOR) return `made for OpenSSL ${OPENSSL_MAJOR}`;
  if (`${process.platform}-${process.arch}` !== PLATFORM) return `made for ${PLATFORM}`;
  // A validated module must be asked through the interface that it was set up for.
  if (getFips() !== 0) return "FIPS mode";
  let library: Library | undefined;
  try {
    library = openLibrary();
    const found: Direct = {
      gcm: new DirectGcm(library),
      sha256: new DirectDigest(library, "SHA2-256"),
      sha512: new DirectDigest(library, "SHA2-512"),
    };
    if (!agrees(found)) return "its answers differ from node:crypto's";
    direct = found;
    return undefined;
  } catch (error) {
    library?.evp.ERR_clear_error();
    return error instanceof Error ? error.message : "unknown";
  }
}

/** Back to node:crypto. For tests. */
export function callNodeCrypto(): void {
  direct = undefined;
}

const SIZES = [0, 1, 32, 48, 49, 64, 65, 512, 513, 4096, 65536];
/** Before and behind what is written. */
const GUARD_BYTES = 3;

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The same answers as node:crypto, for every size at which the way changes, whatever was asked before. */
function agrees(calls: Direct): boolean {
  return SIZES.every((size) => {
    const [key, message] = [randomBytes(32), randomBytes(size)];
    return (
      sealsAlike(calls.gcm, key, message, randomBytes(size % 100)) &&
      sealsAlike(calls.gcm, key, message, undefined) &&
      hashesAlike(calls.sha256, "sha256", key, message) &&
      hashesAlike(calls.sha512, "sha512", key, message)
    );
  });
}

/** Written somewhere within a buffer, and nothing beside it; then opened in place, and refused with one bit changed. */
function sealsAlike(
  gcm: DirectGcm,
  key: Uint8Array,
  message: Uint8Array,
  aad: Uint8Array | undefined,
): boolean {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  if (aad !== undefined) cipher.setAAD(aad);
  const guard = new Uint8Array(GUARD_BYTES).fill(0xa5);
  const expected = Buffer.concat([guard, cipher.update(message), cipher.final(), cipher.getAuthTag(), guard]);
  const out = new Uint8Array(expected.length).fill(0xa5);
  gcm.sealInto(key, nonce, message, aad, out, GUARD_BYTES);
  if (!same(out, expected)) return false;
  const sealed = out.subarray(GUARD_BYTES, -GUARD_BYTES);
  const changed = new Uint8Array(sealed);
  changed[message.length] = (changed[message.length] ?? 0) ^ 1;
  const opened = sealed.subarray(0, message.length);
  if (!gcm.openInto(key, nonce, sealed, aad, sealed, 0) || !same(opened, message)) return false;
  if (!same(out.subarray(0, GUARD_BYTES), guard) || !same(out.subarray(-GUARD_BYTES), guard)) return false;
  const refused = !gcm.openInto(key, nonce, changed, aad, changed, 0);
  return refused && changed.subarray(0, message.length).every((byte) => byte === 0);
}

function hashesAlike(digest: DirectDigest, name: string, key: Uint8Array, message: Uint8Array): boolean {
  const hashed = createHash(name).update(message).digest();
  if (!same(digest.hash(message), hashed)) return false;
  const text = Buffer.from(message).toString("latin1");
  if (!digest.takes(key, message)) return true;
  // In this order: nothing of a text may be left where a key's padding is.
  if (digest.hashText(text) !== hashed.toString("hex")) return false;
  const mac = createHmac(name, key).update(message).digest();
  if (!same(digest.mac(key, message), mac)) return false;
  const pad = (byte: number): Uint8Array =>
    new Uint8Array(digest.blockBytes).map((_, i) => (key[i] ?? 0) ^ byte);
  return digest.macText(pad(0x36), pad(0x5c), text) === mac.toString("hex");
}
