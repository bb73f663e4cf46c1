/**
 * Whether OpenSSL is called directly (ADR 15). Off until a process asks for it; then on only where the platform is one that
 * was tried, and OpenSSL answers as node:crypto does. Everything works without, only slower.
 */
import { createCipheriv, createHash, createHmac, getFips, randomBytes } from "node:crypto";
import { DirectDigest } from "./digest.ts";
import { DirectGcm } from "./gcm.ts";
import { openLibrary } from "./library.ts";

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
const ARCHITECTURES = ["x64", "arm64"];

/** From now on. Returns why not, where node:crypto stays. */
export function callOpenSslDirectly(): string | undefined {
  if (direct !== undefined) return undefined;
  const { versions, arch } = process;
  if (versions["bun"] !== undefined || versions.node.split(".")[0] !== NODE_MAJOR)
    return `made for Node ${NODE_MAJOR}`;
  if (versions.openssl?.split(".")[0] !== OPENSSL_MAJOR) return `made for OpenSSL ${OPENSSL_MAJOR}`;
  if (!ARCHITECTURES.includes(arch)) return `made for ${ARCHITECTURES.join(" and ")}`;
  // A validated module must be asked through the interface that it was set up for.
  if (getFips() !== 0) return "FIPS mode";
  try {
    const library = openLibrary();
    const found: Direct = {
      gcm: new DirectGcm(library),
      sha256: new DirectDigest(library, "SHA2-256"),
      sha512: new DirectDigest(library, "SHA2-512"),
    };
    if (!agrees(found)) return "its answers differ from node:crypto's";
    direct = found;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "unknown";
  }
}

/** Back to node:crypto. For tests. */
export function callNodeCrypto(): void {
  direct = undefined;
}

const SIZES = [0, 1, 32, 48, 49, 64, 65, 512, 513, 4096, 65536];

/** The same answers as node:crypto, for every size at which the way changes. */
function agrees({ gcm, sha256, sha512 }: Direct): boolean {
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
  for (const size of SIZES) {
    const [key, nonce, message, aad] = [
      randomBytes(32),
      randomBytes(12),
      randomBytes(size),
      randomBytes(size % 100),
    ];
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
    const expected = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
    const sealed = new Uint8Array(size + 16);
    gcm.sealInto(key, nonce, message, aad, sealed, 0);
    const opened = new Uint8Array(size);
    if (!same(sealed, expected) || !gcm.openInto(key, nonce, sealed, aad, opened, 0)) return false;
    if (!same(opened, message)) return false;
    sealed[size] = (sealed[size] ?? 0) ^ 1;
    if (gcm.openInto(key, nonce, sealed, aad, opened, 0) || opened.some((byte) => byte !== 0)) return false;
    if (!same(sha256.hash(message), createHash("sha256").update(message).digest())) return false;
    if (!sha256.takes(key, message)) continue;
    if (!same(sha256.mac(key, message), createHmac("sha256", key).update(message).digest())) return false;
    if (!same(sha512.mac(key, message), createHmac("sha512", key).update(message).digest())) return false;
  }
  return true;
}
