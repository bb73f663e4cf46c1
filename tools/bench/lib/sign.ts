/**
 * SigV4 by header, as small as a load generator needs it: paths and queries that are canonical already. Written apart
 * from the server's verification, so that the bench would notice if both were wrong in one way.
 */
import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const UNSIGNED = "UNSIGNED-PAYLOAD";

export const sha256Hex = (bytes: string | Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");
const hmac = (key: string | Uint8Array, text: string): Uint8Array =>
  createHmac("sha256", key).update(text).digest();

export class Signer {
  readonly #credentials: Credentials;
  readonly #region: string;
  readonly #stamp: string;
  readonly #scope: string;
  readonly #key: Uint8Array;

  constructor(credentials: Credentials, region: string, now: Date, service = "s3") {
    this.#credentials = credentials;
    this.#region = region;
    this.#stamp = now.toISOString().replace(/[-:]|\.[0-9]{3}/g, "");
    const day = this.#stamp.slice(0, 8);
    this.#scope = `${day}/${this.#region}/${service}/aws4_request`;
    const dated = hmac(`AWS4${credentials.secretAccessKey}`, day);
    this.#key = hmac(hmac(hmac(dated, this.#region), service), "aws4_request");
  }

  /** The headers to send, Authorization included. `headers` have lower-case names; `host` must be one of them. */
  sign(
    method: string,
    path: string,
    query: string,
    headers: Readonly<Record<string, string>>,
    payload: string,
  ): Record<string, string> {
    const all: Record<string, string> = {
      ...headers,
      "x-amz-content-sha256": payload,
      "x-amz-date": this.#stamp,
    };
    const names = Object.keys(all).toSorted();
    const lines = names.map((name) => `${name}:${all[name] ?? ""}\n`).join("");
    const signed = names.join(";");
    const canonical = `${method}\n${path}\n${query}\n${lines}\n${signed}\n${payload}`;
    const text = `AWS4-HMAC-SHA256\n${this.#stamp}\n${this.#scope}\n${sha256Hex(canonical)}`;
    const signature = createHmac("sha256", this.#key).update(text).digest("hex");
    const { accessKeyId } = this.#credentials;
    all["authorization"] =
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${this.#scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return all;
  }
}
