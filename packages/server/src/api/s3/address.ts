/**
 * Which bucket and key a request means, path-style or virtual-hosted. Works on the path decoded once and never
 * normalised: `//`, `..`, `%2F` and a trailing slash are part of the key.
 */
import { fail } from "../../base/errors.ts";
import { parseBucketName, parseObjectKey, type BucketName, type ObjectKey } from "../../base/ids.ts";

export interface Address {
  readonly target: "service" | "bucket" | "object";
  readonly bucket?: BucketName;
  readonly key?: ObjectKey;
}

const SERVICE: Address = { target: "service" };

/** `path` starts with `/`. Throws InvalidBucketName, KeyTooLongError. */
export function addressOf(path: string, host: string | undefined, domains: readonly string[]): Address {
  const hosted = domains.length === 0 || host === undefined ? undefined : bucketOfHost(host, domains);
  if (hosted !== undefined) return address(hosted, path.slice(1));
  const slash = path.indexOf("/", 1);
  if (slash < 0) return path.length === 1 ? SERVICE : address(path.slice(1), "");
  return address(path.slice(1, slash), path.slice(slash + 1));
}

function address(bucket: string, key: string): Address {
  const name = parseBucketName(bucket);
  return key === ""
    ? { target: "bucket", bucket: name }
    : { target: "object", bucket: name, key: parseObjectKey(key) };
}

/** `b.s3.example.org:9000` under the domain `s3.example.org` is the bucket `b`; bucket names may hold dots. */
function bucketOfHost(host: string, domains: readonly string[]): string | undefined {
  const colon = host.lastIndexOf(":");
  const name = (colon > host.lastIndexOf("]") ? host.slice(0, colon) : host).toLowerCase();
  if (domains.includes(name)) return undefined;
  let bucket: string | undefined;
  for (const domain of domains) {
    const at = name.length - domain.length - 1;
    if (at < 1 || name[at] !== "." || !name.endsWith(domain)) continue;
    // The longest domain leaves the shortest bucket: `b.eu.s3.org` is not the bucket `b.eu` where `eu.s3.org` is ours.
    if (bucket === undefined || at < bucket.length) bucket = name.slice(0, at);
  }
  return bucket;
}

/** `bucket/key` of x-amz-copy-source; the slash is the first one. */
export function sourceAddress(text: string): { readonly bucket: BucketName; readonly key: ObjectKey } {
  const path = text.startsWith("/") ? text.slice(1) : text;
  const slash = path.indexOf("/");
  if (slash < 1 || slash === path.length - 1) {
    fail("InvalidArgument", {
      message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      elements: { ArgumentName: "x-amz-copy-source", ArgumentValue: text },
    });
  }
  return { bucket: parseBucketName(path.slice(0, slash)), key: parseObjectKey(path.slice(slash + 1)) };
}
