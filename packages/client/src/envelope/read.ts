/** Tells the formats apart and parses the envelope (spec section 3). No secret is touched here. */
import { decodeBase64 } from "@strongroom/crypto/common";
import { fail, type S3EncryptionErrorCode } from "../errors.ts";
import { CONTENT, wrapByCode, wrapByName, type WrappingAlgorithm } from "../suites.ts";
import type { Envelope } from "./envelope.ts";
import { decodeHeaderText } from "./header-text.ts";
import { parseJsonMap, type StringMap } from "./json-map.ts";
import { NAME } from "./names.ts";

const MESSAGE_ID_BYTES = 28;
const COMMITMENT_BYTES = 28;
const V1_AES_EDK_BYTES_MAX = 48;
/** Empty values of these count as absent (spec section 3). */
const EMPTY_IS_ABSENT: readonly string[] = [
  NAME.description,
  NAME.context,
  NAME.matdesc,
  NAME.plainLength,
  NAME.tagLen,
];
const V1_V2_CONTENT: readonly string[] = [NAME.iv, NAME.cekAlg, NAME.wrapAlg];

/** Where values come from decides their decoding and the error's code. */
interface Source {
  readonly entries: StringMap;
  readonly inFile: boolean;
  readonly malformed: S3EncryptionErrorCode;
}

/**
 * Reads the envelope of an object.
 * @param metadata the object's user metadata as the SDK gives it
 * @param loadFile fetches and parses the instruction file; `undefined` when there is none
 */
export async function readEnvelope(
  metadata: Readonly<Record<string, string>> | undefined,
  loadFile: () => Promise<StringMap | undefined>,
): Promise<Envelope> {
  const entries = clean(Object.entries(metadata ?? {}).map(([k, v]) => [k.toLowerCase(), v]));
  const object: Source = { entries, inFile: false, malformed: "MalformedMetadata" };
  const keys = [NAME.keyV1, NAME.keyV2, NAME.keyV3].filter((name) => entries.has(name));
  if (keys.length > 1) fail("ConflictingFormats", keys.join(", "));
  const objectOnly = [NAME.content, NAME.commitment, NAME.messageId].filter((name) => entries.has(name));
  const key = keys[0];
  if (key === NAME.keyV3) return parseV3(object, object);
  if (key !== undefined) {
    if (objectOnly.length > 0) fail("ConflictingFormats", [key, ...objectOnly].join(", "));
    return parseV1OrV2(object);
  }
  const stray = [...V1_V2_CONTENT, NAME.wrap].find((name) => entries.has(name));
  if (stray !== undefined) fail("MalformedMetadata", `${stray} without a wrapped key`);
  if (objectOnly.length > 0 && objectOnly.length < 3) fail("MalformedMetadata", "incomplete V3 envelope");
  const loaded = await loadFile();
  if (loaded === undefined) fail("NotEncrypted");
  const file: Source = { entries: clean(loaded), inFile: true, malformed: "MalformedInstructionFile" };
  return fromFile(object, file, objectOnly.length > 0);
}

function fromFile(object: Source, file: Source, isV3: boolean): Envelope {
  const has = (name: string) => file.entries.has(name);
  const foreign = isV3 ? [NAME.keyV1, NAME.keyV2, ...V1_V2_CONTENT] : [NAME.keyV3, NAME.wrap];
  const found = foreign.find(has);
  if (found !== undefined) fail("ConflictingFormats", `${found} in the instruction file`);
  if (isV3) return parseV3(object, file);
  if (has(NAME.keyV1) && has(NAME.keyV2))
    fail("ConflictingFormats", "two wrapped keys in the instruction file");
  return parseV1OrV2(file);
}

function clean(entries: Iterable<readonly [string, string]>): StringMap {
  const map = new Map<string, string>();
  for (const [name, value] of entries)
    if (value !== "" || !EMPTY_IS_ABSENT.includes(name)) map.set(name, value);
  return map;
}

function parseV3(object: Source, keys: Source): Envelope {
  for (const name of [NAME.iv, NAME.cekAlg, NAME.wrapAlg, NAME.matdesc])
    if (object.entries.has(name)) fail("ConflictingFormats", `${name} in a V3 envelope`);
  if (text(object, NAME.content) !== "115") fail("UnknownAlgorithm", "content suite");
  const code = text(keys, NAME.wrap);
  const wrap = wrapByCode(code) ?? fail("UnknownAlgorithm", "wrapping code");
  return {
    format: "V3",
    content: "COMMIT",
    wrap,
    wrapped: wrappedKey(keys, NAME.keyV3, wrap, CONTENT.COMMIT.dataKeyBytes),
    description: stringMap(keys, code === "12" ? NAME.context : NAME.description),
    inInstructionFile: keys.inFile,
    messageId: bytes(object, NAME.messageId, [MESSAGE_ID_BYTES]),
    commitment: bytes(object, NAME.commitment, [COMMITMENT_BYTES]),
  };
}

function parseV1OrV2(source: Source): Envelope {
  return source.entries.has(NAME.keyV2) ? parseV2(source) : parseV1(source);
}

function parseV2(source: Source): Envelope {
  const name = text(source, NAME.wrapAlg);
  const wrap = wrapByName(name) ?? fail("UnknownAlgorithm", "wrapping algorithm");
  const content = contentOf(text(source, NAME.cekAlg));
  const tagBits = source.entries.get(NAME.tagLen);
  // C++, and Java when it re-encrypts an instruction file, write 0 for CBC (spec section 2).
  if (tagBits !== undefined && tagBits !== "128" && (content === "GCM" || tagBits !== "0"))
    fail(source.malformed, `${NAME.tagLen} must be 128`);
  return {
    format: "V2",
    content,
    wrap,
    wrapped: wrappedKey(source, NAME.keyV2, wrap, CONTENT[content].dataKeyBytes),
    description: stringMap(source, NAME.matdesc),
    inInstructionFile: source.inFile,
    iv: bytes(source, NAME.iv, [content === "GCM" ? 12 : 16]),
  };
}

function parseV1(source: Source): Envelope {
  const wrapped = bytes(source, NAME.keyV1);
  text(source, NAME.matdesc);
  if (source.entries.has(NAME.wrapAlg)) fail("ConflictingFormats", `${NAME.wrapAlg} in a V1 envelope`);
  const cekAlg = source.entries.get(NAME.cekAlg);
  if (cekAlg !== undefined && contentOf(cekAlg) !== "CBC")
    fail("ConflictingFormats", "V1 content is always CBC");
  return {
    format: "V1",
    content: "CBC",
    wrap: wrapped.length <= V1_AES_EDK_BYTES_MAX ? "AES" : "RSA",
    wrapped,
    description: stringMap(source, NAME.matdesc),
    inInstructionFile: source.inFile,
    iv: bytes(source, NAME.iv, [16]),
  };
}

function contentOf(cekAlg: string): "GCM" | "CBC" {
  if (cekAlg === "AES/GCM/NoPadding") return "GCM";
  if (cekAlg === "AES/CBC/PKCS5Padding" || cekAlg === "AES/CBC/PKCS7Padding") return "CBC";
  return fail("UnknownAlgorithm", "content algorithm");
}

function text(source: Source, name: string): string {
  return source.entries.get(name) ?? fail(source.malformed, `${name} is missing`);
}

function bytes(source: Source, name: string, lengths?: readonly number[]): Uint8Array {
  const decoded = decodeBase64(text(source, name));
  if (decoded === undefined || decoded.length === 0) fail(source.malformed, `${name} is not base64`);
  if (lengths !== undefined && !lengths.includes(decoded.length))
    fail(source.malformed, `${name} has ${decoded.length} bytes`);
  return decoded;
}

function wrappedKey(
  source: Source,
  name: string,
  wrap: WrappingAlgorithm,
  dataKeyBytes: readonly number[],
): Uint8Array {
  const wrapped = bytes(source, name);
  // AES/GCM: nonce and tag add 28 bytes.
  if (wrap === "AES/GCM" && !dataKeyBytes.includes(wrapped.length - 28))
    fail(source.malformed, `${name} has ${wrapped.length} bytes`);
  return wrapped;
}

function stringMap(source: Source, name: string): StringMap {
  const value = source.entries.get(name);
  if (value === undefined) return new Map();
  // Only headers get mangled; an instruction file is UTF-8 by itself.
  const map = parseJsonMap(source.inFile ? value : decodeHeaderText(value));
  return map ?? fail(source.malformed, `${name} is not a JSON object of strings`);
}
