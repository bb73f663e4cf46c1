/** Inline policies, attached managed policies and permissions boundaries of users, groups and roles. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import {
  ATTACHED_POLICIES_MAX,
  INLINE_GROUP_CHARS_MAX,
  INLINE_POLICIES_PER_ENTITY_MAX,
  INLINE_ROLE_CHARS_MAX,
  INLINE_USER_CHARS_MAX,
} from "../base/limits.ts";
import { policyCharacters } from "../policy/index.ts";
import type { Change, Directory } from "./directory.ts";
import { checkedPolicy, checkStoredSize } from "./documents.ts";
import { need } from "./entities.ts";
import {
  documentCodec,
  type EntityOf,
  type HolderKind,
  inlineRow,
  markCodec,
  usageRow,
} from "./entity-records.ts";
import { writeHolder } from "./holders.ts";
import { findPolicy } from "./managed-policies.ts";

const INLINE_CHARS_MAX: Readonly<Record<HolderKind, number>> = {
  User: INLINE_USER_CHARS_MAX,
  Group: INLINE_GROUP_CHARS_MAX,
  Role: INLINE_ROLE_CHARS_MAX,
};

/** Replaces a policy of the same name; one that is the same stays as it is. */
export async function putInline(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  name: string,
  policyName: string,
  document: string,
): Promise<void> {
  checkStoredSize(document);
  checkedPolicy(document, "identity");
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    const others = holder.inline.filter((other) => other !== policyName);
    const there = others.length < holder.inline.length;
    if (there && (await d.inline(account, holder.id, policyName)).text === document) return;
    let characters = policyCharacters(document);
    for (const other of others)
      characters += policyCharacters((await d.inline(account, holder.id, other)).text);
    const max = INLINE_CHARS_MAX[kind];
    if (characters > max)
      fail("LimitExceeded", `Maximum policy size of ${max} bytes exceeded for ${kind.toLowerCase()} ${name}`);
    if (others.length >= INLINE_POLICIES_PER_ENTITY_MAX)
      fail("LimitExceeded", `Cannot exceed quota for inline policies: ${INLINE_POLICIES_PER_ENTITY_MAX}`);
    change.write(documentCodec, inlineRow(account, holder.id, policyName), { text: document });
    if (!there) writeHolder(change, { ...holder, inline: [...others, policyName].toSorted() });
  });
}

export async function getInline(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  name: string,
  policyName: string,
): Promise<string> {
  const { value } = await d.consistently(account, async () => {
    const holder = await need(d, account, kind, name);
    needInline(kind, holder, policyName);
    return (await d.inline(account, holder.id, policyName)).text;
  });
  return value;
}

export function deleteInline(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  name: string,
  policyName: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    needInline(kind, holder, policyName);
    change.delete(inlineRow(account, holder.id, policyName));
    writeHolder(change, { ...holder, inline: holder.inline.filter((p) => p !== policyName) });
  });
}

function needInline(kind: HolderKind, holder: EntityOf<HolderKind>, policyName: string): void {
  if (!holder.inline.includes(policyName))
    fail("NoSuchEntity", `The ${kind.toLowerCase()} policy with name ${policyName} cannot be found.`);
}

export function attach(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  name: string,
  policyArn: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    await needAttachable(d, account, policyArn);
    if (holder.attached.includes(policyArn)) return;
    if (holder.attached.length >= ATTACHED_POLICIES_MAX)
      fail("LimitExceeded", `Cannot exceed quota for PoliciesPer${kind}: ${ATTACHED_POLICIES_MAX}`);
    writeHolder(change, { ...holder, attached: [...holder.attached, policyArn] });
    change.index(markCodec, usageRow(account, policyArn, "attached", holder.id), true);
  });
}

export function detach(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  name: string,
  policyArn: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    await findPolicy(d, account, policyArn);
    if (!holder.attached.includes(policyArn)) fail("NoSuchEntity", `Policy ${policyArn} was not found.`);
    writeHolder(change, { ...holder, attached: holder.attached.filter((arn) => arn !== policyArn) });
    change.unindex(usageRow(account, policyArn, "attached", holder.id));
  });
}

export function putBoundary(
  d: Directory,
  account: AccountId,
  kind: "User" | "Role",
  name: string,
  policyArn: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    await needAttachable(d, account, policyArn);
    if (holder.boundary === policyArn) return;
    if (holder.boundary !== undefined)
      change.unindex(usageRow(account, holder.boundary, "boundary", holder.id));
    writeHolder(change, { ...holder, boundary: policyArn });
    indexBoundary(change, policyArn, holder.id);
  });
}

export function deleteBoundary(
  d: Directory,
  account: AccountId,
  kind: "User" | "Role",
  name: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    if (holder.boundary === undefined) return;
    const { boundary, ...rest } = holder;
    writeHolder(change, rest);
    change.unindex(usageRow(account, boundary, "boundary", holder.id));
  });
}

/** Part of making a user or role with a boundary. Throws NoSuchEntity. */
export async function needAttachable(d: Directory, account: AccountId, policyArn: string): Promise<void> {
  if ((await findPolicy(d, account, policyArn)) === undefined)
    fail("NoSuchEntity", `Policy ${policyArn} does not exist or is not attachable.`);
}
export function indexBoundary(change: Change, policyArn: string, holderId: string): void {
  change.index(markCodec, usageRow(change.account, policyArn, "boundary", holderId), true);
}
