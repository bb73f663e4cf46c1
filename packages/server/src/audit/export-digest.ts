/** One digest of CloudTrail's (spec audit 6.1): names the log files of a period, signed and chained to the one before. */
import { digestKeyFingerprint, signDigest, trailHash } from "@strongroom/crypto";
import { hexOf } from "../store/key-order.ts";
import type { StoredDigestKey } from "./digest-key.ts";
import { isoSeconds } from "./event.ts";
import type { ExportDirectory, Previous } from "./export-state.ts";

export interface LogFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  readonly hashValue: string;
  readonly hashAlgorithm: "SHA-256";
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

export interface DigestPlace {
  readonly key: StoredDigestKey;
  readonly region: string;
  /** Where the files will be uploaded: digests name it, and moving them breaks their signature. */
  readonly bucket: string;
  readonly prefix: string;
  readonly trail: string;
}

export async function writeDigest(
  directory: ExportDirectory,
  { key, region, bucket, prefix, trail }: DigestPlace,
  account: string,
  period: { readonly startMs: number; readonly endMs: number },
  logFiles: readonly LogFile[],
): Promise<void> {
  const { startMs, endMs } = period;
  const previous = directory.digests.get(account);
  const object = `${prefix}AWSLogs/${account}/CloudTrail-Digest/${region}/${dayPath(endMs)}/${account}_CloudTrail-Digest_${region}_${trail}_${region}_${compact(endMs)}.json.gz`;
  const times = logFiles.flatMap((f) => [f.oldestEventTime, f.newestEventTime]).toSorted();
  const digest = Buffer.from(
    JSON.stringify({
      awsAccountId: account,
      digestStartTime: isoSeconds(startMs),
      digestEndTime: isoSeconds(endMs),
      digestS3Bucket: bucket,
      digestS3Object: object,
      digestPublicKeyFingerprint: digestKeyFingerprint(key.publicDer),
      digestSignatureAlgorithm: "SHA256withRSA",
      newestEventTime: times.at(-1) ?? null,
      oldestEventTime: times[0] ?? null,
      previousDigestS3Bucket: previous?.bucket ?? null,
      previousDigestS3Object: previous?.object ?? null,
      previousDigestHashValue: previous?.hash ?? null,
      previousDigestHashAlgorithm: previous === undefined ? null : "SHA-256",
      previousDigestSignature: previous?.signature ?? null,
      logFiles,
    }),
  );
  const hash = hexOf(trailHash(digest));
  const text = `${isoSeconds(endMs)}\n${bucket}/${object}\n${hash}\n${previous?.signature ?? "null"}`;
  const signature = hexOf(signDigest(key, Buffer.from(text)));
  await directory.put(object, digest, { signature, "signature-algorithm": "SHA256withRSA" });
  const written: Previous = { bucket, object, hash, signature, endMs };
  directory.digests.set(account, written);
}

/** `20260301T101500Z` */
export const compact = (ms: number): string => isoSeconds(ms).replace(/[-:]/g, "");
export const dayPath = (ms: number): string => isoSeconds(ms).slice(0, 10).replaceAll("-", "/");
