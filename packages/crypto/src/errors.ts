/** The one error class of this package. Texts name what failed and where, never key bytes, plaintext or salts. */

/** Why bytes were refused or a call could not be made. Stable: vectors and callers match on these. */
export type CryptoErrorCode =
  /** The stream does not begin with `SRM1` (section 2). */
  | "BadMagic"
  | "BadSuite"
  | "BadSegmentSize"
  /** Another layer than expected. */
  | "BadLayer"
  /** The commitment differs from the derived one, or from the manifest's. */
  | "CommitmentMismatch"
  /** AES-GCM did not authenticate: altered bytes, another key, another AAD. */
  | "TagMismatch"
  /** Fewer bytes than the layout or the manifest says. */
  | "Truncated"
  /** Bytes after the end. */
  | "TrailingBytes"
  /** A plaintext or stored size other than the one authenticated or announced. */
  | "SizeMismatch"
  /** The SSE-C key check differs: another customer's key. */
  | "WrongKey"
  /** Key bytes of the wrong length, or all zero; or a key of another purpose; or a key that was wiped. */
  | "BadKey"
  /** A term that this key ring doesn't hold. */
  | "UnknownTerm"
  /** A format version, kind or enumerated value that no release wrote. */
  | "BadVersion"
  /** The bytes do not parse, or do not parse canonically. */
  | "Malformed"
  /** The completion's manifest tag (form 2) or a page's SHA-256 differs. */
  | "ManifestMismatch"
  /** An encryption context that breaks the rules of canonical contexts. */
  | "BadContext"
  /** A byte range outside the plaintext. */
  | "BadRange"
  /** A sealer used again after its final segment, or for a second stream: would reuse a nonce. */
  | "Finished"
  /** The platform's ciphers don't offer it. */
  | "Unsupported";

export class CryptoError extends Error {
  readonly code: CryptoErrorCode;
  constructor(code: CryptoErrorCode, what: string, cause?: unknown) {
    super(`${what} (${code})`, cause === undefined ? {} : { cause });
    this.name = "CryptoError";
    this.code = code;
  }
}
