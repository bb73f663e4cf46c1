/** For tests: aws-chunked bodies, made apart from the decoder. */
import { createHash } from "node:crypto";
import { openBody, type RequestBody } from "../request-body.ts";
import type { PayloadMode } from "../payload-mode.ts";
import { ChunkChain } from "../sigv4.ts";
import { ACCESS_KEY_ID, SCOPE, SECRET_HANDLE, TIMESTAMP } from "./signer.ts";

export const SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
export const newChain = (): ChunkChain =>
  new ChunkChain(ACCESS_KEY_ID, SECRET_HANDLE.signingKey(SCOPE), { text: TIMESTAMP, ms: 0 }, SCOPE, SEED);

const sha256 = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");
const sign = (text: string): string => SECRET_HANDLE.signingKey(SCOPE).sign(text);

export interface WirePlan {
  readonly signed: boolean;
  readonly chunks: readonly Uint8Array[];
  readonly trailers?: readonly (readonly [string, string])[];
}

export function wire({ signed, chunks, trailers }: WirePlan): Buffer {
  const scope = `${TIMESTAMP}\n20130524/us-east-1/s3/aws4_request`;
  const out: Buffer[] = [];
  let previous = SEED;
  for (const data of [...chunks, new Uint8Array(0)]) {
    let extension = "";
    if (signed) {
      previous = sign(`AWS4-HMAC-SHA256-PAYLOAD\n${scope}\n${previous}\n${sha256("")}\n${sha256(data)}`);
      extension = `;chunk-signature=${previous}`;
    }
    out.push(Buffer.from(`${data.length.toString(16)}${extension}\r\n`), Buffer.from(data));
    if (data.length > 0) out.push(Buffer.from("\r\n"));
  }
  for (const [name, value] of trailers ?? []) out.push(Buffer.from(`${name}:${value}\r\n`));
  if (signed && trailers !== undefined) {
    const block = trailers.map(([name, value]) => `${name}:${value}\n`).join("");
    const signature = sign(`AWS4-HMAC-SHA256-TRAILER\n${scope}\n${previous}\n${sha256(block)}`);
    out.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`));
  }
  out.push(Buffer.from("\r\n"));
  return Buffer.concat(out);
}

export async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part;
}

export function chunkedMode(plan: WirePlan, size?: number): PayloadMode & { kind: "chunked" } {
  return {
    kind: "chunked",
    size: size ?? plan.chunks.reduce((sum, c) => sum + c.length, 0),
    wireSize: undefined,
    trailing: plan.trailers !== undefined,
    trailers: plan.trailers?.map(([name]) => name) ?? [],
    ...(plan.signed ? { chain: newChain() } : {}),
  };
}

export const open = (mode: PayloadMode, ...parts: readonly Uint8Array[]): RequestBody =>
  openBody(pieces(...parts), mode);
