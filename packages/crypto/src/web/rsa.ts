/**
 * RSA for WebCrypto. OAEP with SHA-1 is the platform's. The raw operation, which the legacy wraps need and WebCrypto has
 * not, is done here with BigInt and base blinding (multiply by r^e before, divide by r after), because BigInt arithmetic
 * takes time that depends on its operands.
 */
import { decodeBase64 } from "../content/bytes.ts";
import type { JsonWebKeyLike, RsaKeyInput, RsaPrivateKey, RsaPublicKey } from "../content/port.ts";
import { plain } from "./subtle.ts";

const OAEP_SHA1 = { name: "RSA-OAEP", hash: "SHA-1" };
const subtle = globalThis.crypto.subtle;
type WebKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>;

function pemToDer(pem: string, label: string): Uint8Array<ArrayBuffer> {
  const match = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem);
  const der = match?.[1] === undefined ? undefined : decodeBase64(match[1].replace(/\s/g, ""));
  if (der === undefined)
    throw new TypeError(`not a PEM text with "${label}" (PKCS#8 or SPKI is needed here)`);
  return der;
}

async function importKey(input: RsaKeyInput, half: "private" | "public"): Promise<WebKey> {
  const usages: ("decrypt" | "encrypt")[] = half === "private" ? ["decrypt"] : ["encrypt"];
  const format = half === "private" ? "pkcs8" : "spki";
  const label = half === "private" ? "PRIVATE KEY" : "PUBLIC KEY";
  if (input instanceof CryptoKey) return checkCryptoKey(input, half);
  try {
    if (typeof input === "string")
      return await subtle.importKey(format, pemToDer(input, label), OAEP_SHA1, true, usages);
    if (input instanceof Uint8Array)
      return await subtle.importKey(format, plain(input), OAEP_SHA1, true, usages);
    if ("kty" in input) return await subtle.importKey("jwk", jwkOf(input, half), OAEP_SHA1, true, usages);
  } catch (cause) {
    throw new TypeError(`not an RSA ${half} key`, { cause });
  }
  throw new TypeError(`not an RSA ${half} key`);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Only the number members: an `alg` or `key_ops` of the caller's would have to match ours. */
function jwkOf(key: JsonWebKeyLike, half: "private" | "public"): Mutable<JsonWebKeyLike> {
  const { kty, n, e, d, p, q, dp, dq, qi } = key;
  if (kty !== "RSA" || n === undefined || e === undefined) throw new TypeError("not an RSA JWK");
  if (half === "public") return { kty, n, e };
  if (
    d === undefined ||
    p === undefined ||
    q === undefined ||
    dp === undefined ||
    dq === undefined ||
    qi === undefined
  )
    throw new TypeError("not a whole RSA private JWK");
  return { kty, n, e, d, p, q, dp, dq, qi };
}

function checkCryptoKey(key: WebKey, half: "private" | "public"): WebKey {
  const hash = "hash" in key.algorithm ? key.algorithm.hash : undefined;
  const isSha1 = typeof hash === "object" && hash !== null && "name" in hash && hash.name === "SHA-1";
  if (key.type !== half || key.algorithm.name !== "RSA-OAEP" || !isSha1)
    throw new TypeError(`the CryptoKey must be an RSA-OAEP ${half} key made for SHA-1`);
  return key;
}

function modulusBytesOf(key: WebKey): number {
  const bits = "modulusLength" in key.algorithm ? key.algorithm.modulusLength : 0;
  return typeof bits === "number" ? Math.ceil(bits / 8) : 0;
}

export async function importRsaPublic(input: RsaKeyInput): Promise<RsaPublicKey> {
  const key = await importKey(input, "public");
  return {
    modulusBytes: modulusBytesOf(key),
    encryptOaepSha1: async (plaintext) =>
      new Uint8Array(await subtle.encrypt({ name: "RSA-OAEP" }, key, plain(plaintext))),
  };
}

export async function importRsaPrivate(input: RsaKeyInput): Promise<RsaPrivateKey> {
  const key = await importKey(input, "private");
  const modulusBytes = modulusBytesOf(key);
  return {
    modulusBytes,
    async decryptOaepSha1(ciphertext) {
      try {
        return new Uint8Array(await subtle.decrypt({ name: "RSA-OAEP" }, key, plain(ciphertext)));
      } catch {
        return undefined;
      }
    },
    async decryptRaw(ciphertext) {
      if (!key.extractable)
        throw new TypeError("a legacy RSA wrap needs an extractable private key in this runtime");
      return rawDecrypt(await subtle.exportKey("jwk", key), ciphertext, modulusBytes);
    },
  };
}

type RsaNumber = "n" | "e" | "p" | "q" | "dp" | "dq" | "qi";
type RsaNumbers = Readonly<Partial<Record<RsaNumber, string | undefined>>>;

function rawDecrypt(jwk: RsaNumbers, ciphertext: Uint8Array, size: number): Uint8Array | undefined {
  const part = (name: RsaNumber): bigint => {
    const text = jwk[name];
    if (typeof text !== "string") throw new TypeError("not a whole RSA private key");
    const padded = text
      .replace(/-/g, "+")
      .replace(/_/g, "/")
      .padEnd(Math.ceil(text.length / 4) * 4, "=");
    return toBigInt(decodeBase64(padded) ?? new Uint8Array(0));
  };
  const n = part("n");
  const p = part("p");
  const q = part("q");
  const c = toBigInt(ciphertext);
  if (ciphertext.length !== size || c >= n) return undefined;
  const r = randomBelow(n, size);
  const blinded = (c * modPow(r, part("e"), n)) % n;
  // Chinese remainders (RFC 8017 5.1.2 2b).
  const mp = modPow(blinded % p, part("dp"), p);
  const mq = modPow(blinded % q, part("dq"), q);
  const h = ((((mp - mq) * part("qi")) % p) + p) % p;
  const m = ((mq + h * q) * modInverse(r, n)) % n;
  return fromBigInt(m, size);
}

function randomBelow(n: bigint, size: number): bigint {
  // Eight spare bytes make the bias of the reduction negligible.
  const r = toBigInt(globalThis.crypto.getRandomValues(new Uint8Array(size + 8))) % n;
  return r < 2n ? 2n : r;
}

function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function modInverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1];
  }
  return ((s0 % modulus) + modulus) % modulus;
}

function toBigInt(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return BigInt(hex);
}

function fromBigInt(value: bigint, size: number): Uint8Array {
  const hex = value.toString(16).padStart(size * 2, "0");
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}
