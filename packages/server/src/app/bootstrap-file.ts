/**
 * The bootstrap file: JSON of accounts, KMS keys and buckets, applied idempotently at each start. For CI and for test
 * suites that want chosen ids. Unknown members are refused. Docs: operations/bootstrap.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { readJson, UsageError } from "./config.ts";

const accountId = z.string().regex(/^[0-9]{12}$/, "12 digits");

const accessKey = z.strictObject({
  accessKeyId: z.string().regex(/^[A-Za-z0-9_-]{3,128}$/, "3 to 128 of A-Z a-z 0-9 _ -"),
  secretAccessKey: z.string().regex(/^[\x21-\x7e]{8,128}$/, "8 to 128 printable characters"),
});

const name = z.string().regex(/^[\w+=,.@-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 + = , . @ _ -");
const path = z
  .string()
  .regex(/^\/(?:[!-~]{1,510}\/)?$/, "/ or /.../")
  .default("/");
const document = z.union([z.string(), z.record(z.string(), z.unknown())]);
const tagMap = z.record(z.string(), z.string()).default({});
const holder = {
  name,
  path,
  /** ARNs of managed policies. */
  attached: z.array(z.string()).max(10).default([]),
  inline: z.record(z.string(), document).default({}),
};
const identities = {
  policies: z
    .array(
      z.strictObject({ name, path, document, description: z.string().max(1000).optional(), tags: tagMap }),
    )
    .max(5000)
    .default([]),
  groups: z.array(z.strictObject(holder)).max(500).default([]),
  users: z
    .array(
      z.strictObject({
        ...holder,
        boundary: z.string().optional(),
        tags: tagMap,
        groups: z.array(name).max(10).default([]),
        accessKeys: z.array(accessKey).max(2).default([]),
      }),
    )
    .max(5000)
    .default([]),
  roles: z
    .array(
      z.strictObject({
        ...holder,
        boundary: z.string().optional(),
        tags: tagMap,
        trust: document,
        description: z.string().max(1000).optional(),
        maxSessionSeconds: z.number().int().min(3600).max(43_200).optional(),
      }),
    )
    .max(5000)
    .default([]),
};

const account = z.strictObject({
  ...identities,
  id: accountId,
  /** 64 hex digits; made at random if absent. */
  canonicalId: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 hex digits")
    .optional(),
  displayName: z.string().min(1).max(256).optional(),
  accessKeys: z.array(accessKey).max(10).default([]),
});

const key = z.strictObject({
  account: accountId.optional(),
  keyId: z.string().regex(/^[A-Za-z0-9-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 -"),
  aliases: z
    .array(z.string().regex(/^alias\/[a-zA-Z0-9/_-]{1,250}$/, "alias/ and 1 to 250 of A-Z a-z 0-9 / _ -"))
    .default([]),
  description: z.string().max(8192).default(""),
  policy: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  tags: z.record(z.string(), z.string()).default({}),
});

const bucket = z.strictObject({
  account: accountId.optional(),
  name: z.string(),
  versioning: z.enum(["enabled", "suspended"]).optional(),
  encryption: z
    .strictObject({
      algorithm: z.enum(["AES256", "aws:kms", "aws:kms:dsse"]).optional(),
      kmsKeyId: z.string().optional(),
      bucketKey: z.boolean().default(false),
      blockSsec: z.boolean().optional(),
    })
    .optional(),
  tags: z.record(z.string(), z.string()).optional(),
  policy: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  /** False: nothing is blocked, true: all four settings of block public access. */
  blockPublic: z.boolean().optional(),
});

const bootstrapSchema = z.strictObject({
  accounts: z.array(account).max(1000).default([]),
  keys: z.array(key).max(10_000).default([]),
  buckets: z.array(bucket).max(10_000).default([]),
});
export type Bootstrap = z.output<typeof bootstrapSchema>;

/** With its SHA-256, by which it is known in the trail. */
export function readBootstrap(path: string): { readonly file: Bootstrap; readonly sha256: string } {
  const { bytes, value } = readJson(path, "bootstrap file");
  const parsed = bootstrapSchema.safeParse(value);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((i) => `  ${i.path.join(".") || "(top)"}: ${i.message}`);
    throw new UsageError(`the bootstrap file ${path} is not right:\n${lines.join("\n")}`);
  }
  return { file: parsed.data, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** A policy may stand in the file as JSON text or as the object itself. */
export const policyText = (policy: string | Record<string, unknown>): string =>
  typeof policy === "string" ? policy : JSON.stringify(policy);
