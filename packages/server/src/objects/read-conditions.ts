/**
 * Conditional headers (RFC 9110 section 13.2.2, as S3 applies it): If-Match decides over If-Unmodified-Since, If-None-Match
 * over If-Modified-Since. Times compare in whole seconds, because HTTP dates have no more.
 */
import type { Clock } from "../base/clock.ts";
import { fail, failHeader } from "../base/errors.ts";
import type { ObjectKey } from "../base/ids.ts";
import type { IfRange, ReadConditions, WriteConditions } from "./api.ts";

const seconds = (ms: number): number => Math.floor(ms / 1000);
const names = (tags: readonly string[], etag: string): boolean => tags.includes("*") || tags.includes(etag);

/** What conditions are held against. */
interface Compared {
  readonly etag: string;
  readonly lastModifiedMs: number;
}

/** What a read answers before any body. Throws PreconditionFailed; `prefix` as the header has it. */
export function decideRead(
  conditions: ReadConditions,
  { etag, lastModifiedMs }: Compared,
  clock: Clock,
  prefix = "",
): "proceed" | "not-modified" {
  const { ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs } = conditions;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, etag)) failed(`${prefix}If-Match`);
  } else if (ifUnmodifiedSinceMs !== undefined && seconds(lastModifiedMs) > seconds(ifUnmodifiedSinceMs)) {
    failed(`${prefix}If-Unmodified-Since`);
  }
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, etag) ? "not-modified" : "proceed";
  // RFC 9110 section 13.1.3 lets a date in the future be no condition, and S3 does so.
  if (ifModifiedSinceMs === undefined || seconds(ifModifiedSinceMs) > seconds(clock.now())) return "proceed";
  return seconds(lastModifiedMs) <= seconds(ifModifiedSinceMs) ? "not-modified" : "proceed";
}

/** Whether the range that was asked for is of this version (RFC 9110 section 13.1.5). Both comparisons are strong. */
export function holdsForRange(ifRange: IfRange | undefined, etag: string, lastModifiedMs: number): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.lastModifiedMs === undefined) return ifRange.etag === etag;
  return seconds(ifRange.lastModifiedMs) === seconds(lastModifiedMs);
}

const SOURCE = "x-amz-copy-source-";

/** A copy's source: there is no 304, every condition that does not hold is 412. */
export function requireCopySource(conditions: ReadConditions, source: Compared, clock: Clock): void {
  if (decideRead(conditions, source, clock, SOURCE) === "not-modified") {
    failed(`${SOURCE}${conditions.ifNoneMatch === undefined ? "If-Modified-Since" : "If-None-Match"}`);
  }
}

/** If-None-Match on a write knows only `*`. */
export function checkWriteConditions(conditions: WriteConditions): void {
  if (conditions.ifNoneMatch !== undefined && conditions.ifNoneMatch !== "*") {
    failHeader("If-None-Match");
  }
}

/**
 * Of a write or a delete of `key`, inside the loop that commits, against the current version: its ETag, undefined where
 * there is none.
 */
export function decideWrite(
  conditions: WriteConditions,
  key: ObjectKey,
  currentEtag: string | undefined,
): void {
  if (conditions.ifNoneMatch !== undefined && currentEtag !== undefined) failed("If-None-Match");
  if (conditions.ifMatch === undefined) return;
  if (currentEtag === undefined) fail("NoSuchKey", { elements: { Key: key } });
  if (conditions.ifMatch !== "*" && conditions.ifMatch !== currentEtag) failed("If-Match");
}

export const isConditional = (conditions: WriteConditions): boolean =>
  conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined;

export function failed(condition: string): never {
  fail("PreconditionFailed", { elements: { Condition: condition } });
}
