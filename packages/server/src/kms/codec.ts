/** How the key service's records are written. Parsers trust nothing: a shape that was never written is corruption. */
import { IntegrityError } from "../base/errors.ts";
import { type AccountId, isKeyArn, type KeyArn, parseAccountId } from "../base/ids.ts";
import { type Codec, msgpackCodec } from "../store/codec.ts";
import type {
  AliasRecord,
  GrantRecord,
  Imported,
  KeyRecord,
  Material,
  Scheduled,
  StoredState,
  Tag,
  KeyUse,
} from "./model.ts";
import { KEY_SPECS, KEY_USAGES } from "./specs.ts";

/** A key's row. Its long texts are a row of their own, tied to this one by `edition`: a changed text has a new edition. */
export type StoredKey = Omit<KeyRecord, "policy" | "policyBindings" | "description"> & {
  readonly edition: Uint8Array;
};
export interface KeyTexts {
  readonly edition: Uint8Array;
  readonly policy: string;
  readonly policyBindings?: Readonly<Record<string, string>>;
  readonly description: string;
}
export interface BlobOwner {
  readonly account: AccountId;
  readonly keyId: string;
}

type Fields = Readonly<Record<string, unknown>>;

function bad(what: string): never {
  throw new IntegrityError(`a key service record: ${what}`);
}
function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : bad("not a map");
}
const text = (value: unknown, what: string): string => (typeof value === "string" ? value : bad(what));
const number = (value: unknown, what: string): number => (typeof value === "number" ? value : bad(what));
const flag = (value: unknown, what: string): boolean => (typeof value === "boolean" ? value : bad(what));
const list = (value: unknown, what: string): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : bad(what);
function oneOf<const T extends string>(values: readonly T[], value: unknown, what: string): T {
  return values.find((v) => v === value) ?? bad(what);
}
function id16(value: unknown, what: string): Uint8Array {
  return value instanceof Uint8Array && value.length === 16 ? new Uint8Array(value) : bad(what);
}
const bytes = (value: unknown, what: string): Uint8Array =>
  value instanceof Uint8Array ? new Uint8Array(value) : bad(what);
function arn(value: unknown): KeyArn {
  const s = text(value, "ARN");
  return isKeyArn(s) ? s : bad("ARN");
}

function parseState(value: unknown): StoredState {
  const f = fields(value);
  const kind = oneOf(["Enabled", "Disabled", "PendingImport", "PendingDeletion"], f.kind, "state");
  if (kind !== "PendingDeletion") return { kind };
  return {
    kind,
    deletionMs: number(f.deletionMs, "deletion date"),
    cancelTo: oneOf(["Disabled", "PendingImport"], f.cancelTo, "state after cancelling"),
    destroying: flag(f.destroying, "destroying"),
    ...(f.scheduled !== undefined && { scheduled: parseScheduled(fields(f.scheduled)) }),
  };
}

const parseScheduled = (f: Fields): Scheduled => ({
  atMs: number(f.atMs, "time of scheduling"),
  by: text(f.by, "who scheduled"),
  requestId: text(f.requestId, "request id"),
});

function parseMaterial(value: unknown): Material {
  const f = fields(value);
  const base = {
    id: text(f.id, "material id"),
    createdMs: number(f.createdMs, "material's date"),
    state: oneOf(["CURRENT", "NON_CURRENT", "PENDING_ROTATION"], f.state, "material state"),
  };
  return {
    ...base,
    ...(f.rotation !== undefined && { rotation: parseRotated(fields(f.rotation)) }),
    ...(f.imported !== undefined && { imported: parseImported(fields(f.imported)) }),
  };
}
const parseRotated = (f: Fields): NonNullable<Material["rotation"]> => ({
  type: oneOf(["AUTOMATIC", "ON_DEMAND"], f.type, "rotation type"),
  atMs: number(f.atMs, "rotation date"),
});
const parseImported = (f: Fields): Imported => ({
  present: flag(f.present, "presence"),
  ...(f.validToMs !== undefined && { validToMs: number(f.validToMs, "expiry") }),
  ...(f.description !== undefined && { description: text(f.description, "material's description") }),
});

const parseBindings = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields(value)).map(([arn, id]) => [arn, text(id, "binding")]));

function parseTag(value: unknown): Tag {
  const f = fields(value);
  return { key: text(f.key, "tag key"), value: text(f.value, "tag value") };
}

function parseKey(value: unknown): StoredKey {
  const f = fields(value);
  const key: StoredKey = {
    account: parseAccountId(text(f.account, "account")),
    keyId: text(f.keyId, "key id"),
    bornArn: arn(f.bornArn),
    blobName: id16(f.blobName, "blob name"),
    createdMs: number(f.createdMs, "creation date"),
    manager: oneOf(["CUSTOMER", "AWS"], f.manager, "manager"),
    origin: oneOf(["AWS_KMS", "EXTERNAL"], f.origin, "origin"),
    usage: oneOf(KEY_USAGES, f.usage, "usage"),
    spec: oneOf(KEY_SPECS, f.spec, "spec"),
    multiRegion: flag(f.multiRegion, "multi-Region"),
    state: parseState(f.state),
    materials: list(f.materials, "materials").map(parseMaterial),
    aliases: list(f.aliases, "aliases").map((a) => text(a, "alias")),
    onDemandRotations: number(f.onDemandRotations, "rotations"),
    tags: list(f.tags, "tags").map(parseTag),
    edition: id16(f.edition, "edition"),
  };
  return {
    ...key,
    ...(f.rotation !== undefined && { rotation: parseRotation(fields(f.rotation)) }),
    ...(f.publicKey !== undefined && { publicKey: bytes(f.publicKey, "public key") }),
    ...(f.grants !== undefined && { grants: parseGrantCount(fields(f.grants)) }),
  };
}
const parseRotation = (f: Fields): NonNullable<StoredKey["rotation"]> => ({
  periodDays: number(f.periodDays, "period"),
  nextMs: number(f.nextMs, "next rotation"),
});
const parseGrantCount = (f: Fields): NonNullable<StoredKey["grants"]> => ({
  count: number(f.count, "grants"),
  edition: text(f.edition, "edition of grants"),
});

/** Pairs are a list: maps of MessagePack come back as objects, which have a prototype. */
interface StoredGrant extends Omit<GrantRecord, "constraint"> {
  readonly constraint?: {
    readonly kind: "subset" | "equals";
    readonly pairs: readonly (readonly string[])[];
  };
}

function parseGrant(value: unknown): StoredGrant {
  const f = fields(value);
  return {
    account: parseAccountId(text(f.account, "account")),
    keyId: text(f.keyId, "key id"),
    id: text(f.id, "grant id"),
    grantee: text(f.grantee, "grantee"),
    operations: list(f.operations, "operations").map((o) => text(o, "operation")),
    createdMs: number(f.createdMs, "grant's date"),
    issuingAccount: parseAccountId(text(f.issuingAccount, "issuing account")),
    ...(f.granteeId !== undefined && { granteeId: text(f.granteeId, "grantee's id") }),
    ...(f.retiring !== undefined && { retiring: text(f.retiring, "retiring principal") }),
    ...(f.retiringId !== undefined && { retiringId: text(f.retiringId, "retiring principal's id") }),
    ...(f.name !== undefined && { name: text(f.name, "grant's name") }),
    ...(f.constraint !== undefined && { constraint: parseConstraint(fields(f.constraint)) }),
  };
}
const parseConstraint = (f: Fields): NonNullable<StoredGrant["constraint"]> => ({
  kind: oneOf(["subset", "equals"], f.kind, "constraint"),
  pairs: list(f.pairs, "pairs").map((pair) => list(pair, "pair").map((t) => text(t, "pair"))),
});

const storedGrantCodec: Codec<StoredGrant> = msgpackCodec(1, parseGrant);

export const grantCodec: Codec<GrantRecord> = {
  version: storedGrantCodec.version,
  encode({ constraint, ...grant }) {
    if (constraint === undefined) return storedGrantCodec.encode(grant);
    return storedGrantCodec.encode({
      ...grant,
      constraint: { kind: constraint.kind, pairs: [...constraint.pairs] },
    });
  },
  decode(body) {
    const { constraint, ...grant } = storedGrantCodec.decode(body);
    if (constraint === undefined) return grant;
    const pairs = new Map(constraint.pairs.map(([key = "", value = ""]) => [key, value]));
    return { ...grant, constraint: { kind: constraint.kind, pairs } };
  },
};

export const usageCodec: Codec<KeyUse> = msgpackCodec(1, (value) => {
  const f = fields(value);
  return {
    operation: text(f.operation, "operation"),
    requestId: text(f.requestId, "request id"),
    ...(f.eventId !== undefined && { eventId: text(f.eventId, "event id") }),
    atMs: number(f.atMs, "time of use"),
  };
});

/** Rows that lead to a grant hold its id. */
export const grantIdCodec: Codec<string> = msgpackCodec(1, (value) => text(value, "grant id"));

export const keyCodec: Codec<StoredKey> = msgpackCodec(1, parseKey);

export const textsCodec: Codec<KeyTexts> = msgpackCodec(1, (value) => {
  const f = fields(value);
  return {
    edition: id16(f.edition, "edition"),
    policy: text(f.policy, "policy"),
    ...(f.policyBindings === undefined ? {} : { policyBindings: parseBindings(f.policyBindings) }),
    description: text(f.description, "description"),
  };
});

export const aliasCodec: Codec<AliasRecord> = msgpackCodec(1, (value) => {
  const f = fields(value);
  return {
    account: parseAccountId(text(f.account, "account")),
    name: text(f.name, "alias"),
    targetKeyId: text(f.targetKeyId, "alias target"),
    createdMs: number(f.createdMs, "alias date"),
    updatedMs: number(f.updatedMs, "alias date"),
  };
});

export const blobOwnerCodec: Codec<BlobOwner> = msgpackCodec(1, (value) => {
  const f = fields(value);
  return { account: parseAccountId(text(f.account, "account")), keyId: text(f.keyId, "key id") };
});

/** A wrapped key version: a key record of the crypto package, which authenticates itself. */
export const materialCodec: Codec<Uint8Array> = {
  version: 1,
  encode: (record) => {
    const body = new Uint8Array(1 + record.length);
    body[0] = 1;
    body.set(record, 1);
    return body;
  },
  decode: (body) => (body[0] === 1 ? new Uint8Array(body.subarray(1)) : bad("unknown format version")),
};

/** Changes whenever material is removed: only its revision counts. */
export const removalCodec: Codec<number> = msgpackCodec(1, (value) => number(value, "mark of removals"));
