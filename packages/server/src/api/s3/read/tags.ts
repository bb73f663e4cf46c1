/** Tags: the x-amz-tagging header (a query string), the Tagging document, and the rules for both. */
import { fail } from "../../../base/errors.ts";
import type { Tag } from "../../../objects/api.ts";
import { allow, many, maybe, one, parseXml, textOf, type XmlElement } from "../../common/xml-read.ts";

/** In UTF-16 units, as S3 counts. */
const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;
/** Letters, digits, white space and + - = . _ : / @ in any script. */
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** What is tagged; S3 words it differently for a bucket that is being made. */
export type TagsOf = "object" | "bucket" | "new bucket";

const RESERVED: Readonly<Record<TagsOf, string>> = {
  object: "Your TagKey cannot be prefixed with aws:",
  bucket: "System tags cannot be added/updated by requester",
  "new bucket":
    'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.',
};

/** Throws InvalidTag, or BadRequest for too many. */
export function checkTags(tags: readonly Tag[], max: number, kind: TagsOf): readonly Tag[] {
  if (tags.length > max) {
    fail(
      "BadRequest",
      kind === "object"
        ? `Object tags cannot be greater than ${max}`
        : `Bucket tag count cannot be greater than ${max}`,
    );
  }
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (key === "" || key.length > KEY_CHARS_MAX || !ALLOWED.test(key)) {
      fail("InvalidTag", { message: "The TagKey you have provided is invalid", elements: { TagKey: key } });
    }
    if (value.length > VALUE_CHARS_MAX || !ALLOWED.test(value)) {
      fail("InvalidTag", {
        message: "The TagValue you have provided is invalid",
        elements: { TagKey: key, TagValue: value },
      });
    }
    if (key.startsWith("aws:")) {
      fail("InvalidTag", {
        message: RESERVED[kind],
        elements: kind === "new bucket" ? {} : { TagKey: key },
      });
    }
    if (seen.has(key)) {
      fail("InvalidTag", {
        message: "Cannot provide multiple Tags with the same key",
        elements: { TagKey: key },
      });
    }
    seen.add(key);
  }
  return tags;
}

/** `a=1&b=2`, form-encoded. Throws InvalidArgument. */
export function parseTagHeader(text: string, max: number): readonly Tag[] {
  const tags = parsePairs(text);
  if (tags === undefined) {
    fail("InvalidArgument", {
      message:
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      elements: { ArgumentName: "x-amz-tagging", ArgumentValue: text },
    });
  }
  return checkTags(tags, max, "object");
}

/** For conditions, before anything is validated: what cannot be read is no tag. */
export const parseTagHeaderQuietly = (text: string): readonly Tag[] => parsePairs(text) ?? [];

function parsePairs(text: string): readonly Tag[] | undefined {
  const tags: Tag[] = [];
  const seen = new Set<string>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals >= 0 && joinedByComma(pair, equals)) return undefined;
    const key = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    if (key === undefined || key === "" || value === undefined || seen.has(key)) return undefined;
    seen.add(key);
    tags.push({ key, value });
  }
  return tags;
}

/** `a=1,b=2` is another form of pairs; a comma elsewhere is a character that tags do not have. */
function joinedByComma(pair: string, equals: number): boolean {
  const comma = pair.indexOf(",", equals);
  return comma >= 0 && pair.includes("=", comma);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    return cause instanceof URIError ? undefined : fail("InvalidArgument", { cause });
  }
}

export function parseTagging(body: Uint8Array, max: number, kind: TagsOf): readonly Tag[] {
  const root = parseXml(body, "Tagging");
  allow(root, "TagSet");
  const set = maybe(root, "TagSet");
  return set === undefined ? [] : checkTags(tagSetOf(set), max, kind);
}

export function tagSetOf(set: XmlElement): readonly Tag[] {
  allow(set, "Tag");
  return many(set, "Tag").map((tag) => {
    allow(tag, "Key", "Value");
    return { key: textOf(one(tag, "Key")), value: textOf(one(tag, "Value")) };
  });
}
