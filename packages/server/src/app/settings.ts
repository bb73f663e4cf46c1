/**
 * Every setting of `serve`, once: name, flag, meaning and schema. The command line, the environment (`STRONGROOM_…`), the
 * config file and the documentation derive from this table; unknown names are refused in each. Nothing outside `app/`
 * reads the environment.
 */
import { z } from "zod";
import type { OidcIssuer } from "../iam/web-identity.ts";
import {
  addresses,
  count,
  domains,
  flag,
  hostPort,
  hosts,
  matching,
  oneOf,
  origins,
  text,
} from "./setting-values.ts";

export type { HostPort } from "./setting-values.ts";

/** Keys that vouch for tokens come from a file, over TLS, or from this machine. */
const oidcIssuer = z
  .strictObject({
    issuer: z.string().regex(/^https?:\/\/\S+$/, "https://…: the `iss` of its tokens, letter by letter"),
    audiences: z.array(z.string().min(1)).min(1),
    jwksFile: z.string().min(1).optional(),
    jwksUrl: z
      .string()
      .regex(
        /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/])\S+$/,
        "https://, or http:// on this machine",
      )
      .optional(),
  })
  .transform(({ issuer, audiences, jwksFile, jwksUrl }, context): OidcIssuer => {
    if (jwksFile !== undefined && jwksUrl === undefined)
      return { issuer, audiences, jwks: { file: jwksFile } };
    if (jwksUrl !== undefined && jwksFile === undefined) return { issuer, audiences, jwks: { url: jwksUrl } };
    context.addIssue({ code: "custom", message: "give one of jwksFile and jwksUrl" });
    return z.NEVER;
  });

/** The environment has text only; what is no JSON fails as a text where a list is wanted. */
function fromJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export interface Setting {
  readonly schema: z.ZodType;
  /** As shown by --help. Absent: not a flag, because a command line is no place for a secret. */
  readonly flag?: string;
  readonly help: string;
}

export const SETTINGS = {
  data: {
    schema: text("a path").default("./strongroom-data"),
    flag: "--data <dir>",
    help: "directory that holds everything (default ./strongroom-data)",
  },
  listen: {
    schema: hostPort.default({ host: "127.0.0.1", port: 9000 }),
    flag: "--listen <host:port>",
    help: "S3 and KMS over plain HTTP (default 127.0.0.1:9000)",
  },
  adminListen: {
    schema: hostPort.default({ host: "127.0.0.1", port: 9001 }),
    flag: "--admin-listen <host:port>",
    help: "/healthz, /readyz and /metrics (default 127.0.0.1:9001)",
  },
  tlsListen: {
    schema: hostPort.optional(),
    flag: "--tls-listen <host:port>",
    help: "the same over TLS, beside plain HTTP",
  },
  tlsCert: {
    schema: text("a path").optional(),
    flag: "--tls-cert <file>",
    help: "certificate chain (PEM); read again on SIGHUP",
  },
  tlsKey: { schema: text("a path").optional(), flag: "--tls-key <file>", help: "private key (PEM)" },
  region: {
    schema: matching(/^[a-z0-9-]{1,63}$/, "the name of a region: 1 to 63 of a-z 0-9 -").default("us-east-1"),
    flag: "--region <name>",
    help: "region that clients sign for (default us-east-1)",
  },
  account: {
    schema: matching(/^[0-9]{12}$/, "12 digits").default("000000000000"),
    flag: "--account <id>",
    help: "the first account (default 000000000000)",
  },
  domain: {
    schema: domains.default([]),
    flag: "--domain <names>",
    help: "host names under which BUCKET.<name> addresses a bucket",
  },
  workers: {
    schema: count(1, 64).default(1),
    flag: "--workers <n>",
    help: "processes on the one data directory (default 1)",
  },
  rootKey: {
    schema: matching(/^(file|passphrase):./, "file:PATH or passphrase:FILE").optional(),
    flag: "--root-key <provider>",
    help: "where the root key comes from: file:PATH (default file:<data>/root.key) or passphrase:FILE (a file that holds the passphrase)",
  },
  bootstrap: {
    schema: text("a path").optional(),
    flag: "--bootstrap <file>",
    help: "JSON of accounts, keys and buckets, applied at each start",
  },
  keysOverPlainHttp: {
    schema: oneOf(["loopback", "never", "always"]).default("loopback"),
    flag: "--keys-over-plain-http <when>",
    help: "SSE-C and KMS traffic without TLS: loopback (default), never, or always (behind the proxies of --trusted-proxies)",
  },
  unsignedOverPlainHttp: {
    schema: oneOf(["loopback", "never", "always"]).default("loopback"),
    flag: "--unsigned-over-plain-http <when>",
    help: "bodies that no signature covers without TLS: loopback (default; from this machine and from --trusted-proxies), never, or always",
  },
  externalHosts: {
    schema: hosts.pipe(z.array(z.string()).max(20, "at most 20 names")).default([]),
    flag: "--external-hosts <names>",
    help: "values of Host (name, and port where it is not the usual one) that clients sign, where a proxy in front rewrites it",
  },
  trustedProxies: {
    schema: addresses.default([]),
    flag: "--trusted-proxies <addresses>",
    help: "proxies whose X-Forwarded-For is believed, by address; aws:SecureTransport speaks of the connection to this server",
  },
  kmsOrigins: {
    schema: origins.default([]),
    flag: "--kms-origins <origins>",
    help: "origins of browser pages that may call the key service with credentials of their own, for example https://app.example (default none; * is every page)",
  },
  blockSsecOnNewBuckets: {
    schema: flag.default(false),
    flag: "--block-ssec-on-new-buckets",
    help: "new buckets refuse SSE-C until it is unblocked, as on AWS since April 2026",
  },
  blockPublicOnNewBuckets: {
    schema: flag.default(true),
    flag: "--block-public-on-new-buckets <true|false>",
    help: "new buckets have all four settings of block public access on, as on AWS since April 2023 (default true)",
  },
  bucketKeySeconds: {
    schema: count(0, 86_400).default(300),
    flag: "--bucket-key-seconds <n>",
    help: "how long one S3 bucket key wraps new objects (default 300)",
  },
  serviceKeyDays: {
    schema: count(1, 3650).default(90),
    flag: "--service-key-days <n>",
    help: "age at which the SSE-S3 service key and the metadata key get a new term (default 90)",
  },
  minFreeBytes: {
    schema: count(0, Number.MAX_SAFE_INTEGER).optional(),
    flag: "--min-free-bytes <n>",
    help: "free disk space below which writes are refused (default: 5 % of the disk or 1 GiB, whichever is more, but at most 10 % and 10 GiB)",
  },
  oidcIssuers: {
    schema: z
      .preprocess(fromJson, z.array(oidcIssuer, "a list of issuers in JSON").max(20, "at most 20 issuers"))
      .default([]),
    help: "issuers of web identities for AssumeRoleWithWebIdentity: list of {issuer, audiences, jwksFile or jwksUrl} (config file, or JSON in the environment)",
  },
  audit: {
    schema: oneOf(["on", "off"]).default("on"),
    flag: "--audit <on|off>",
    help: "record every request in the audit trail (default on); what must be recorded is refused while it cannot be",
  },
  auditRetentionDays: {
    schema: count(1, 36_500).optional(),
    flag: "--audit-retention-days <n>",
    help: "age at which segments of the audit trail are removed, as a signed record says (default: never)",
  },
  openssl: {
    schema: oneOf(["direct", "node"]).default("direct"),
    flag: "--openssl <direct|node>",
    help: "how OpenSSL is called: direct (default; through node:ffi on Node 26 for Linux on x64, else as with node) or node (through node:crypto only)",
  },
  logLevel: {
    schema: oneOf(["debug", "info", "warn", "error"]).default("info"),
    flag: "--log-level <level>",
    help: "debug, info, warn or error (default info)",
  },
  rootAccessKeyId: {
    schema: matching(/^[A-Za-z0-9_-]{3,128}$/, "3 to 128 of A-Z a-z 0-9 _ -").optional(),
    help: "access key id of the first account's root user (environment or config file only)",
  },
  rootSecretAccessKey: {
    schema: matching(/^[\x21-\x7e]{8,128}$/, "8 to 128 printable characters").optional(),
    help: "its secret (environment or config file only)",
  },
} as const satisfies Record<string, Setting>;

type Schemas = { [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K]["schema"] };
const shape = Object.fromEntries(Object.entries(SETTINGS).map(([name, s]) => [name, s.schema])) as Schemas;
/** INVARIANT: strict, so that a misspelt name in a config file is an error and never a silent default. */
export const settingsSchema = z.strictObject(shape);
export type Settings = Readonly<z.output<typeof settingsSchema>>;

/** `adminListen` -> `STRONGROOM_ADMIN_LISTEN` */
export const environmentName = (name: string): string =>
  `STRONGROOM_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`;
