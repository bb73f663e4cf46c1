/**
 * Users, groups, roles and managed policies at rest. Each stands under its name, because names are what requests carry
 * and lists are ordered by; everything that refers to one does so by unique id or, for policies, by ARN. Documents are
 * rows of their own, named in their owner's record: a missing one is corruption, not a lost Deny.
 */
import { z } from "zod";
import type { AccountId } from "../base/ids.ts";
import type { Codec } from "../store/codec.ts";
import type { RowKey } from "../store/port.ts";
import { accountIdField, recordCodec } from "./account-records.ts";

/** In the order given; keys are unique ignoring case. */
export type Tags = readonly { readonly key: string; readonly value: string }[];

interface Named {
  /** Unique id, never reused: AIDA..., AGPA..., AROA..., ANPA... */
  readonly id: string;
  /** In the case it was given in; unique in the account and kind ignoring case. */
  readonly name: string;
  /** `/` or `/.../` */
  readonly path: string;
  readonly createdMs: number;
}
/** What policies can hang on. */
interface Holder extends Named {
  /** Names of inline policies, in order. */
  readonly inline: readonly string[];
  /** ARNs of attached managed policies, in the order attached. */
  readonly attached: readonly string[];
}
export interface User extends Holder {
  readonly kind: "User";
  /** Unique ids. */
  readonly groups: readonly string[];
  readonly accessKeys: readonly string[];
  readonly boundary?: string;
  readonly tags: Tags;
}
export interface Group extends Holder {
  readonly kind: "Group";
}
export interface Role extends Holder {
  readonly kind: "Role";
  readonly description?: string;
  readonly maxSessionSeconds: number;
  readonly trust: string;
  /** Which unique id each principal of the trust policy stood for when it was put. */
  readonly trustBindings: Readonly<Record<string, string>>;
  readonly boundary?: string;
  readonly tags: Tags;
}
export interface ManagedPolicy extends Named {
  readonly kind: "Policy";
  readonly description?: string;
  readonly updatedMs: number;
  readonly tags: Tags;
  /** Numbers: version 1 is `v1`. Never reused. */
  readonly versions: readonly { readonly number: number; readonly createdMs: number }[];
  readonly defaultVersion: number;
  readonly lastVersion: number;
}
export interface Entities {
  readonly User: User;
  readonly Group: Group;
  readonly Role: Role;
  readonly Policy: ManagedPolicy;
}
export type EntityKind = keyof Entities;
export type EntityOf<K extends EntityKind> = Entities[K];
export type Entity = Entities[EntityKind];
export type HolderKind = "User" | "Group" | "Role";
/** A policy document, inline or a version of a managed policy. */
export interface Document {
  readonly text: string;
}
/** Where a unique id lives now. Only a hint: the entity found there must have the id. */
export interface Whereabouts {
  readonly account: AccountId;
  readonly kind: EntityKind;
  readonly name: string;
}
export interface LastUse {
  readonly atMs: number;
  readonly service: string;
  readonly region: string;
}

const tags = z.array(z.strictObject({ key: z.string(), value: z.string() }));
const texts = z.array(z.string());
const named = { id: z.string(), name: z.string(), path: z.string(), createdMs: z.number() };
const holder = { ...named, inline: texts, attached: texts };
const boundary = z.string().exactOptional();
const description = z.string().exactOptional();

export const CODECS: { readonly [K in EntityKind]: Codec<EntityOf<K>> } = {
  User: recordCodec(
    1,
    z.strictObject({
      kind: z.literal("User"),
      ...holder,
      groups: texts,
      accessKeys: texts,
      boundary,
      tags,
    }),
    "a user",
  ),
  Group: recordCodec(1, z.strictObject({ kind: z.literal("Group"), ...holder }), "a group"),
  Role: recordCodec(
    1,
    z.strictObject({
      kind: z.literal("Role"),
      ...holder,
      description,
      maxSessionSeconds: z.number(),
      trust: z.string(),
      trustBindings: z.record(z.string(), z.string()),
      boundary,
      tags,
    }),
    "a role",
  ),
  Policy: recordCodec(
    1,
    z.strictObject({
      kind: z.literal("Policy"),
      ...named,
      description,
      updatedMs: z.number(),
      tags,
      versions: z.array(z.strictObject({ number: z.number(), createdMs: z.number() })),
      defaultVersion: z.number(),
      lastVersion: z.number(),
    }),
    "a managed policy",
  ),
};
export const documentCodec: Codec<Document> = recordCodec(
  1,
  z.strictObject({ text: z.string() }),
  "a policy document",
);
export const whereaboutsCodec: Codec<Whereabouts> = recordCodec(
  1,
  z.strictObject({
    account: accountIdField,
    kind: z.enum(["User", "Group", "Role", "Policy"]),
    name: z.string(),
  }),
  "a unique id",
);
export const markCodec: Codec<true> = recordCodec(1, z.literal(true), "a reference");
export const lastUseCodec: Codec<LastUse> = recordCodec(
  1,
  z.strictObject({ atMs: z.number(), service: z.string(), region: z.string() }),
  "an access key's last use",
);
/** An account's alias, and the account of an alias. */
export const aliasCodec: Codec<string> = recordCodec(1, z.string(), "an account alias");

const encoder = new TextEncoder();
const row = (...parts: readonly string[]): RowKey & { readonly table: "identity" } => ({
  table: "identity",
  key: encoder.encode(parts.join("/")),
});

/** Counted rows. Names ignore case. */
export const entityRow = (account: AccountId, kind: EntityKind, name: string) =>
  row(account, kind, name.toLowerCase());
export const inlineRow = (account: AccountId, holderId: string, policy: string) =>
  row(account, "inline", holderId, policy);
export const versionRow = (account: AccountId, policyId: string, version: number) =>
  row(account, "version", policyId, String(version));
export const accountAliasRow = (account: AccountId) => row(account, "alias");
/** What all rows of a kind begin with. */
export const kindPrefix = (account: AccountId, kind: EntityKind): Uint8Array => row(account, kind, "").key;

/** Rows that only help to find others; whatever they lead to is checked against a counted record. */
export const idRow = (id: string) => row("id", id);
export const memberRow = (groupId: string, userId: string) => row("member", groupId, userId);
export type Usage = "attached" | "boundary";
/** A policy's ARN contains slashes; an id and a usage do not, so that the last two parts are theirs. */
export const usageRow = (account: AccountId, policyArn: string, usage: Usage, entityId: string) =>
  row("usage", account, policyArn, usage, entityId);
export const usagePrefix = (account: AccountId, policyArn: string, usage: Usage): Uint8Array =>
  row("usage", account, policyArn, usage, "").key;
export const memberPrefix = (groupId: string): Uint8Array => row("member", groupId, "").key;
export const lastUseRow = (accessKeyId: string) => row("used", accessKeyId);
export const aliasRow = (alias: string) => row("alias-of", alias);
/** The last part of a key: an id. */
export const lastPart = (key: Uint8Array): string => {
  const text = Buffer.from(key.buffer, key.byteOffset, key.length).toString("utf8");
  return text.slice(text.lastIndexOf("/") + 1);
};

export const arnOf = (account: AccountId, entity: Pick<Entity, "kind" | "path" | "name">): string =>
  `arn:aws:iam::${account}:${entity.kind.toLowerCase()}${entity.path}${entity.name}`;
