/** Accounts and access keys at rest: sealed records, counted against rollback. */
import { z } from "zod";
import { type AccountId, parseAccountId } from "../base/ids.ts";
import { IntegrityError } from "../base/errors.ts";
import { type Codec, msgpackCodec } from "../store/codec.ts";

export interface Account {
  readonly id: AccountId;
  /** 64 hex digits: how S3 names an owner in listings and ACLs. */
  readonly canonicalId: string;
  readonly displayName: string;
  readonly createdMs: number;
}

/** An access key of an account's root user, or of one of its users. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly account: AccountId;
  /** Unique id of the user; absent for root. */
  readonly userId?: string;
  /** ASCII bytes of the secret. SigV4 needs them in clear, so they rest sealed and are shown once. */
  readonly secret: Uint8Array;
  readonly active: boolean;
  readonly createdMs: number;
  /** How it came: made by the store, set by the operator, or from a bootstrap file. Settled keys of one kind replace each other. */
  readonly origin: "generated" | "configured" | "bootstrap";
}

/** A record's codec from its schema: a shape that was never written is corruption. */
export function recordCodec<T>(version: number, schema: z.ZodType<T>, what: string): Codec<T> {
  return msgpackCodec(version, (body) => {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new IntegrityError(`${what} has a shape that was never written`, parsed.error);
    return parsed.data;
  });
}

export const accountIdField = z.string().transform(parseAccountId);
const bytes = z.custom<Uint8Array>((v) => v instanceof Uint8Array);

export const accountCodec: Codec<Account> = recordCodec(
  1,
  z.strictObject({
    id: accountIdField,
    canonicalId: z.string().length(64),
    displayName: z.string(),
    createdMs: z.number(),
  }),
  "an account",
);

export const accessKeyCodec: Codec<AccessKey> = recordCodec(
  1,
  z.strictObject({
    accessKeyId: z.string(),
    account: accountIdField,
    userId: z.string().exactOptional(),
    secret: bytes,
    active: z.boolean(),
    createdMs: z.number(),
    origin: z.enum(["generated", "configured", "bootstrap"]),
  }),
  "an access key",
);

const encoder = new TextEncoder();
export const accountRow = (id: AccountId) => ({ table: "account", key: encoder.encode(id) }) as const;
export const accessKeyRow = (id: string) => ({ table: "credential", key: encoder.encode(id) }) as const;
/** Parent of the list of accounts. */
export const ACCOUNTS_PARENT = encoder.encode("accounts");
/**
 * Parent of everything that decides who may do what in an account: access keys, users, groups, roles, policies. Its
 * list's head changes with each of them, so one look at it tells that nothing did.
 */
export const identitiesParent = (id: AccountId): Uint8Array => encoder.encode(`identities/${id}`);
