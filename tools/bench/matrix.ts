/** What is measured: modes, sizes and operations, and each one's limits. */
import { createHash } from "node:crypto";
import type { Requests } from "./lib/job.ts";
import { BUCKET, keyArn } from "./lib/server.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;

export interface Mode {
  readonly name: string;
  readonly put: Readonly<Record<string, string>>;
  /** Reads of SSE-C name the key again. */
  readonly get: Readonly<Record<string, string>>;
}

const customerKey = Buffer.alloc(32, "customer's key of this bench....");
const customer = {
  "x-amz-server-side-encryption-customer-algorithm": "AES256",
  "x-amz-server-side-encryption-customer-key": customerKey.toString("base64"),
  "x-amz-server-side-encryption-customer-key-md5": createHash("md5").update(customerKey).digest("base64"),
};
const kms = {
  "x-amz-server-side-encryption": "aws:kms",
  "x-amz-server-side-encryption-aws-kms-key-id": keyArn(0),
};

export const MODES: readonly Mode[] = [
  { name: "SSE-S3", put: {}, get: {} },
  { name: "SSE-KMS", put: kms, get: {} },
  {
    name: "SSE-KMS bucket key",
    put: { ...kms, "x-amz-server-side-encryption-bucket-key-enabled": "true" },
    get: {},
  },
  { name: "DSSE-KMS", put: { ...kms, "x-amz-server-side-encryption": "aws:kms:dsse" }, get: {} },
  { name: "SSE-C", put: customer, get: customer },
];
export const modeOf = (name: string): Mode => {
  const mode = MODES.find((m) => m.name === name);
  if (mode === undefined) throw new Error(`no mode ${name}`);
  return mode;
};

export const SIZES: readonly { readonly name: string; readonly bytes: number }[] = [
  { name: "1 KiB", bytes: KIB },
  { name: "4 KiB", bytes: 4 * KIB },
  { name: "64 KiB", bytes: 64 * KIB },
  { name: "1 MiB", bytes: MIB },
  { name: "64 MiB", bytes: 64 * MIB },
];

/** Bodies above this are what S3 clients don't hash beforehand over TLS: sent unsigned. */
const SIGNED_BYTES_MAX = 64 * KIB;
/** Up to this a body is small: its limits are those of requests, not of bytes. */
export const SMALL_BYTES_MAX = 64 * KIB;

/** Keys per cell: enough that PUTs make new objects for the whole run, without gigabytes on the disk. */
export function keysFor(bytes: number): number {
  if (bytes <= 4 * KIB) return 48_000;
  if (bytes <= 64 * KIB) return 8000;
  return bytes <= MIB ? 2000 : 64;
}

/** Paths name the cell, so that no cell overwrites another's objects. `round`: repeated PUTs make new objects again. */
export const cellPath = (mode: Mode, bytes: number): string =>
  `/${BUCKET}/${mode.name.replaceAll(" ", "-").toLowerCase()}/${bytes}/{i}`;

export function putRequests(mode: Mode, bytes: number, first: number): Requests {
  return {
    method: "PUT",
    path: cellPath(mode, bytes),
    headers: mode.put,
    bodyBytes: bytes,
    signPayload: bytes <= SIGNED_BYTES_MAX,
    first,
    count: keysFor(bytes),
    once: true,
  };
}

export function getRequests(mode: Mode, bytes: number, count: number): Requests {
  return { method: "GET", path: cellPath(mode, bytes), headers: mode.get, first: 0, count };
}

/** The same requests for the limits: same headers, other paths. */
export const asLimit = (requests: Requests, path: string): Requests => {
  const { once: _, ...rest } = requests;
  return { ...rest, path, count: Math.min(requests.count, 4000) };
};
