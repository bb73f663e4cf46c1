/** Key tags: the rules (spec kms 7), and TagResource, UntagResource, ListResourceTags. They feed authorisation. */
import { fail } from "../base/errors.ts";
import { KEY_TAGS_MAX } from "../base/limits.ts";
import { changeKey } from "./change.ts";
import { tagConditions } from "./conditions.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { type Page, type Paging, pageOf, pageOfAll } from "./paging.ts";
import type { Tag } from "./model.ts";

/** Throws TagException. */
export function checkTags(tags: readonly Tag[]): void {
  if (tags.length > KEY_TAGS_MAX) fail("TagException", "Too many tags");
  if (new Set(tags.map((t) => t.key)).size !== tags.length) fail("TagException", "Duplicate tag keys");
  if (tags.some((t) => t.key.toLowerCase().startsWith("aws:")))
    fail("TagException", "Tags beginning with aws: are reserved");
}

export async function tagResource(
  k: Kernel,
  requester: Requester,
  keyId: string,
  tags: readonly Tag[],
): Promise<void> {
  checkTags(tags);
  await changeKey(
    k,
    requester,
    "TagResource",
    keyId,
    ({ key }) => {
      const merged = new Map(key.tags.map((t) => [t.key, t.value]));
      for (const tag of tags) merged.set(tag.key, tag.value);
      if (merged.size > KEY_TAGS_MAX) fail("TagException", "Too many tags");
      return { ...key, tags: [...merged].map(([tagKey, value]) => ({ key: tagKey, value })) };
    },
    { more: tagConditions(tags) },
  );
}

export async function untagResource(
  k: Kernel,
  requester: Requester,
  keyId: string,
  tagKeys: readonly string[],
): Promise<void> {
  const gone = new Set(tagKeys);
  await changeKey(
    k,
    requester,
    "UntagResource",
    keyId,
    ({ key }) => {
      const tags = key.tags.filter((t) => !gone.has(t.key));
      return tags.length === key.tags.length ? key : { ...key, tags };
    },
    { more: { "aws:tagkeys": tagKeys } },
  );
}

/** In the order of their keys, which a marker names. */
export async function listResourceTags(
  k: Kernel,
  requester: Requester,
  keyId: string,
  paging: Paging,
): Promise<Page<Tag>> {
  const { key, arn } = await enter(k, requester, "ListResourceTags", keyId);
  return pageOf(
    k,
    { operation: "ListResourceTags", scope: arn },
    paging,
    { standard: 50, max: 50 },
    (after, limit) => pageOfAll(key.tags, (t) => t.key, after, limit),
  );
}
