/**
 * The two texts of SigV4: canonical request and string to sign (spec access 1.2, 1.5). S3 encodes the path once and
 * normalises nothing; other services normalise it and encode twice.
 */
import { sha256OfText } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import { encodeAgain } from "./percent.ts";
import type { RawRequest } from "./raw-request.ts";
import { sameSignature, scopeText, type Scope, type SigningKey } from "./signing-key.ts";
import type { Timestamp } from "./timestamp.ts";

export const ALGORITHM = "AWS4-HMAC-SHA256";
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export interface CanonicalParts {
  readonly service: string;
  /** Lower case, ascending, no duplicates. */
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
  /** Presigned: the name of the parameter that carries the signature. */
  readonly omitParameter?: string | undefined;
  /** Stands for the received `host` where a trusted proxy has rewritten it. */
  readonly host?: string;
}

export function canonicalRequest(request: RawRequest, parts: CanonicalParts): string {
  const path = parts.service === "s3" ? request.canonicalPath : encodeAgain(normalisePath(request.rawPath));
  let headers = "";
  for (const name of parts.signedHeaders) {
    const received = name === "host" && parts.host !== undefined ? parts.host : request.headers.get(name);
    headers += `${name}:${canonicalValue(received ?? "")}\n`;
  }
  return `${request.method}\n${path}\n${request.query.canonical(parts.omitParameter)}\n${headers}\n${parts.signedHeaders.join(";")}\n${parts.payloadHash}`;
}

/** RFC 3986 section 5.2.4, and empty segments collapse: the rule of every service but S3. */
function normalisePath(path: string): string {
  if (path === "/") return path;
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}${kept.length > 0 && path.endsWith("/") ? "/" : ""}`;
}

const isBlank = (c: number): boolean => c === 0x20 || c === 0x09;

/** Trimmed, inner runs of blanks as one space; nearly always the value itself. */
function canonicalValue(value: string): string {
  let plain = true;
  let afterBlank = true;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    // INVARIANT: one character is one byte. A wider one would be cut when the text is hashed.
    if (c > 255) fail("InvalidRequest", "Header values are bytes.");
    const blank = isBlank(c);
    if (blank && (afterBlank || c === 0x09)) plain = false;
    afterBlank = blank;
  }
  return plain && (value === "" || !afterBlank) ? value : collapse(value);
}

function collapse(value: string): string {
  return value
    .split(/[ \t]+/)
    .filter((word) => word !== "")
    .join(" ");
}

export function stringToSign(timestamp: string, scope: string, canonical: string): string {
  return `${ALGORITHM}\n${timestamp}\n${scope}\n${sha256OfText(canonical)}`;
}

/**
 * The chain of chunk signatures of one aws-chunked body. Each signature covers the one before, so chunks can neither be
 * dropped, repeated nor swapped; the first link is the request's own signature.
 */
export class ChunkChain {
  readonly accessKeyId: string;
  readonly #key: SigningKey;
  readonly #prefix: string;
  #previous: string;

  constructor(accessKeyId: string, key: SigningKey, timestamp: Timestamp, scope: Scope, seed: string) {
    this.accessKeyId = accessKeyId;
    this.#key = key;
    this.#prefix = `${timestamp.text}\n${scopeText(scope)}\n`;
    this.#previous = seed;
  }

  /** Throws SignatureDoesNotMatch. */
  verifyChunk(signature: string, dataSha256: string): void {
    this.#verify(
      `${ALGORITHM}-PAYLOAD\n${this.#prefix}${this.#previous}\n${EMPTY_SHA256}\n${dataSha256}`,
      signature,
    );
  }

  /** `block` is each trailer as `name:value` and a line feed. Throws SignatureDoesNotMatch. */
  verifyTrailer(signature: string, block: string): void {
    this.#verify(`${ALGORITHM}-TRAILER\n${this.#prefix}${this.#previous}\n${sha256OfText(block)}`, signature);
  }

  #verify(text: string, signature: string): void {
    if (!sameSignature(this.#key.sign(text), signature)) {
      fail("SignatureDoesNotMatch", {
        elements: { AWSAccessKeyId: this.accessKeyId, StringToSign: text, SignatureProvided: signature },
      });
    }
    this.#previous = signature;
  }
}
