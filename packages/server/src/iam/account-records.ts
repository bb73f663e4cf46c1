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

/** An access key of an account's root user. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly account: AccountId;
  /** ASCII bytes of the secret. SigV4 needs them in clear, so they rest sealed and are shown once. */
  readonly secret: Uint8Array;
  readonly active: boolean;
  readonly createdMs: number;
  /** How it came: made by the store, set by the operator, or from a bootstrap file. Settled keys of one kind replace each other. */
  readonly origin: "generated" | "configured" | "bootstrap";
}

function codec<T>(version: number, schema: z.ZodType<T>, what: string): Codec<T> {
  return msgpackCodec(version, (body) => {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new IntegrityError(`${what} has a shape that was never written`, parsed.error);
    return parsed.data;
  });
}

const accountId = z.string().transform(parseAccountId);
const bytes = z.custom<Uint8Array>((v) => v instanceof Uint8Array);

export const accountCodec: Codec<Account> = codec(
  1,
  z.strictObject({
    id: accountId,
    canonicalId: z.string().length(64),
    displayName: z.string(),
    createdMs: z.number(),
  }),
  "an account",
);

export const accessKeyCodec: Codec<AccessKey> = codec(
  1,
  z.strictObject({
    accessKeyId: z.string(),
    account: accountId,
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
/** Parents of the counter lists. */
export const ACCOUNTS_PARENT = encoder.encode("accounts");
export const ACCESS_KEYS_PARENT = encoder.encode("credentials");
