/** `s3://bucket/key` arguments and `name=value` options. */
import { InvalidArgumentError } from "commander";

export interface S3Target {
  readonly Bucket: string;
  readonly Key: string;
}

/** The key may be empty where a prefix is meant. Not parsed as a URL: that would normalise the key. */
export function parseTarget(text: string): S3Target {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text);
  if (match?.[1] === undefined) throw new InvalidArgumentError("expected s3://bucket/key");
  return { Bucket: match[1], Key: match[2] ?? "" };
}

export function parseObjectTarget(text: string): S3Target {
  const target = parseTarget(text);
  if (target.Key === "") throw new InvalidArgumentError("expected s3://bucket/key with a key");
  return target;
}

/** Collects repeated `--context name=value`. */
export function collectPair(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected name=value");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a positive whole number");
  return value;
}
