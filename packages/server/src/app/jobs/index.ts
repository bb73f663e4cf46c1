/** The commands that look after a store: how each is called, and where its code is. */
import type { JobCommand, JobOption } from "./job.ts";

const JSON_OPTION: JobOption = { flags: "--json", help: "machine-readable report" };

export const JOBS: readonly JobCommand[] = [
  {
    name: "account",
    summary: "account create | list: accounts, each with a root user of its own",
    arguments: [{ name: "<action>", help: "create or list" }],
    options: [
      { flags: "--id <account>", help: "create: 12 digits; random if absent" },
      { flags: "--name <name>", help: "create: how it is shown; its id if absent" },
      JSON_OPTION,
    ],
    load: async () => (await import("./account.ts")).account,
  },
  {
    name: "backup",
    summary: "make a consistent copy of the store, also while it serves",
    arguments: [{ name: "<dir>", help: "new or empty directory; it becomes a data directory", path: true }],
    options: [JSON_OPTION],
    load: async () => (await import("./backup.ts")).backup,
  },
  {
    name: "root-key",
    summary: "root-key change: make a new root key and reseal the keyring with it",
    arguments: [{ name: "<action>", help: "change" }],
    options: [JSON_OPTION],
    load: async () => (await import("./root-key.ts")).rootKey,
  },
  {
    name: "verify",
    summary: "check every record and every stored byte; open what can be opened",
    arguments: [],
    options: [
      { flags: "--as <access-key-id>", help: "open KMS envelopes as this principal, with its rights" },
      {
        flags: "--ssec-key <file>",
        help: "open SSE-C envelopes with the key in this file (32 bytes or their base64; may be repeated)",
        repeated: true,
        path: true,
      },
      { flags: "--deep", help: "decrypt every segment of what can be opened, not only its key" },
      JSON_OPTION,
    ],
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "rewrap",
    summary: "bring records and epoch keys to the newest terms of the store's own keys",
    arguments: [],
    options: [
      { flags: "--bucket <name>", help: "with --new-epoch: the bucket" },
      { flags: "--new-epoch", help: "start a new epoch key and re-wrap the bucket's objects under it" },
      { flags: "--new-terms", help: "first give each of the store's own keys a new term" },
      { flags: "--remove-old-terms", help: "destroy terms that nothing is sealed under any more" },
      JSON_OPTION,
    ],
    load: async () => (await import("./rewrap.ts")).rewrap,
  },
  {
    name: "uploads",
    summary: "uploads list | abort: multipart uploads that were neither completed nor aborted",
    arguments: [{ name: "<action>", help: "list or abort" }],
    options: [
      { flags: "--older-than <age>", help: "only those begun this long ago: 30m, 12h, 7d" },
      { flags: "--bucket <name>", help: "only this bucket's" },
      { flags: "--dry-run", help: "abort: only say what would be aborted" },
      JSON_OPTION,
    ],
    load: async () => (await import("./uploads.ts")).uploads,
  },
  {
    name: "key",
    summary:
      "key report | certificate | public-key | verify-certificate: what depends on a KMS key, and its erasure",
    arguments: [
      { name: "<action>", help: "report, certificate, public-key or verify-certificate" },
      { name: "[what]", help: "the key (id, ARN, alias); verify-certificate: the file" },
    ],
    options: [
      { flags: "--out <file>", help: "certificate: write it to this file", path: true },
      {
        flags: "--public-key <key>",
        help: "verify-certificate: the store's, as `key public-key` prints it (may be repeated)",
        repeated: true,
      },
      JSON_OPTION,
    ],
    offline: {
      actions: ["verify-certificate"],
      load: async () => (await import("./verify-certificate.ts")).verifyCertificate,
    },
    load: async () => (await import("./key.ts")).key,
  },
  {
    name: "inventory",
    summary: "list every object version with its encryption mode, key and key version",
    arguments: [],
    options: [
      { flags: "--bucket <name>", help: "only this bucket's" },
      { flags: "--csv", help: "CSV with S3 Inventory's columns and ours (the default)" },
      { flags: "--json", help: "one JSON object a line" },
      { flags: "--out <file>", help: "write to this file; it appears when it is complete", path: true },
    ],
    load: async () => (await import("./inventory.ts")).inventory,
  },
  {
    name: "audit",
    summary: "audit verify | query | export | prove | prune: the audit trail",
    arguments: [
      { name: "<action>", help: "verify, query, export, prove or prune" },
      {
        name: "[what]",
        help: "query: a question by name (denied-decrypts, who-read, policy-changes …); prove: a record's event id",
      },
    ],
    options: [
      {
        flags: "--checkpoint <file>",
        help: "verify: checkpoints that were kept outside, one a line (may be repeated)",
        repeated: true,
        path: true,
      },
      {
        flags: "--proof <file>",
        help: "verify: only this proof of one record; needs no store, but --public-key",
        path: true,
      },
      {
        flags: "--public-key <key>",
        help: "verify --proof: the store's, as `key public-key` prints it (may be repeated)",
        repeated: true,
      },
      { flags: "--older-than <age>", help: "prune: segments with no record younger than this, such as 400d" },
      { flags: "--dry-run", help: "prune: only say what would be removed" },
      { flags: "--principal <arn>", help: "query: a user, root, session, or a session's role" },
      { flags: "--access-key <id>", help: "query: an access key" },
      { flags: "--user <name>", help: "query: a user's or session's name" },
      { flags: "--event <names>", help: "query: names of operations" },
      { flags: "--error <code>", help: "query: an error code, any, or none" },
      { flags: "--key <arn>", help: "query: a KMS key" },
      { flags: "--material <id>", help: "query: a version of a KMS key" },
      { flags: "--object <bucket/key>", help: "query: an object" },
      { flags: "--bucket <name>", help: "query: a bucket" },
      { flags: "--request <id>", help: "query: a request, with the key uses that it caused" },
      { flags: "--ip <address>", help: "query: where requests came from" },
      { flags: "--recipient <account>", help: "query: records of one account's trail" },
      { flags: "--source <service>", help: "query: s3, kms, iam, sts or cloudtrail" },
      { flags: "--event-id <id>", help: "query: one record" },
      { flags: "--since <time>", help: "query, export: a time, or an age: 30m, 12h, 7d" },
      { flags: "--until <time>", help: "query, export: as --since" },
      { flags: "--intents", help: "query: records that announce a change, too" },
      {
        flags: "--group-by <fields>",
        help: "query: counts by principal, key, event, error, bucket, object, hour, day …",
      },
      { flags: "--count", help: "query: only how many" },
      { flags: "--limit <n>", help: "query: the newest so many, newest first" },
      { flags: "--before <event-id>", help: "query: those before this record, newest first" },
      {
        flags: "--out <dir>",
        help: "export: where the files go; a later export goes on from there",
        path: true,
      },
      { flags: "--for-bucket <name>", help: "export: the bucket that the files will be uploaded to" },
      {
        flags: "--bucket-owner <account>",
        help: "export: it is this account's bucket in this store, which may see the trail",
      },
      { flags: "--prefix <prefix>", help: "export: the prefix in that bucket" },
      { flags: "--trail <name>", help: "export: the trail's name in digests (default strongroom)" },
      JSON_OPTION,
    ],
    offline: {
      actions: ["verify"],
      option: "proof",
      load: async () => (await import("./verify-proof.ts")).verifyProof,
    },
    load: async () => (await import("./audit.ts")).audit,
  },
];
