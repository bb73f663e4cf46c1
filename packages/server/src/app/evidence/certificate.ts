/**
 * Certificates of erasure: what the store states, under its Ed25519 key, about a KMS key that it has destroyed. The signed
 * bytes are a mark and the statement's JSON as `JSON.stringify` writes what `JSON.parse` read, so that indentation does not
 * matter; members keep their order, and no member's name is chosen by a user. Checked without the store: docs/operations/evidence.md.
 */
import { type TrailSigner, verifyTrailSignature } from "@strongroom/crypto";
import { z } from "zod";

const COUNT = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const TIME = z.iso.datetime();

const dependentsSchema = z.strictObject({
  countedFrom: TIME,
  countedTo: TIME,
  versionsRead: COUNT,
  uploadsRead: COUNT,
  rowsUnreadable: COUNT,
  versions: COUNT,
  currentVersions: COUNT,
  bytes: COUNT,
  sseKms: COUNT,
  dsseKms: COUNT,
  underBucketKeys: COUNT,
  uploadsInProgress: COUNT,
  buckets: z.array(
    z.strictObject({
      bucket: z.string(),
      bucketId: z.string(),
      versions: COUNT,
      bytes: COUNT,
      uploadsInProgress: COUNT,
      formerlyOpened: COUNT,
    }),
  ),
  otherBuckets: COUNT,
  alsoOpenedBy: z.array(z.strictObject({ key: z.string(), versions: COUNT })),
  formerlyOpened: COUNT,
});

export const certificateSchema = z.strictObject({
  v: z.literal(1),
  store: z.string().regex(/^[0-9a-f]{32}$/),
  software: z.string(),
  issued: TIME,
  key: z.strictObject({
    arn: z.string(),
    account: z.string(),
    keyId: z.string(),
    spec: z.string(),
    origin: z.string(),
    created: TIME,
    aliases: z.array(z.string()),
    grants: COUNT,
  }),
  materials: z.array(
    z.strictObject({
      id: z.string(),
      created: TIME,
      /** Of the KMS domain key that wrapped it at last; null: its bytes were gone before (imported material). */
      wrappedUnderTerm: COUNT.nullable(),
    }),
  ),
  scheduled: z.strictObject({ at: TIME, by: z.string(), requestId: z.string() }).nullable(),
  deletionDate: TIME,
  destroyed: z.strictObject({ began: TIME, at: TIME, by: z.string() }),
  lastUse: z.strictObject({ at: TIME, operation: z.string() }).nullable(),
  /** Null: not counted yet. */
  dependents: dependentsSchema.nullable(),
  /** When the certificate was issued. */
  check: z.strictObject({
    rowsLeft: z.literal(0),
    /** Terms of the domain key that may have wrapped the material and are in the keyring still. */
    domainTermsLeft: z.array(COUNT),
  }),
  beyondReach: z.array(z.string()),
  /** `<term>:<public key, base64>`. */
  signingKey: z.string().regex(/^[0-9]+:[A-Za-z0-9+/]{43}=$/),
});
export type Certificate = z.output<typeof certificateSchema>;

const signedSchema = z.strictObject({ certificate: certificateSchema, signature: z.base64() });

const MARK = "strongroom certificate of erasure v1\n";
const signedBytes = (certificate: unknown): Uint8Array => Buffer.from(MARK + JSON.stringify(certificate));

export const signingKeyName = (term: number, publicKey: Uint8Array): string =>
  `${term}:${Buffer.from(publicKey).toString("base64")}`;

/** The file, indented for people. */
export function signCertificate(certificate: Certificate, signer: TrailSigner): string {
  const signature = Buffer.from(signer.sign(signedBytes(certificate))).toString("base64");
  return `${JSON.stringify({ certificate, signature }, null, 2)}\n`;
}

export type CertificateCheck =
  | { readonly kind: "valid"; readonly certificate: Certificate }
  | { readonly kind: "invalid"; readonly why: string };

/** `publicKeys`: those of the store, from a place that whoever made the file could not write. 32 bytes, base64. */
export function checkCertificate(text: string, publicKeys: readonly string[]): CertificateCheck {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "invalid", why: "it is not JSON" };
  }
  const parsed = signedSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
    return { kind: "invalid", why: `it is no certificate of erasure of a version known here${where}` };
  }
  const { certificate, signature } = parsed.data;
  const base64 = certificate.signingKey.slice(certificate.signingKey.indexOf(":") + 1);
  if (!publicKeys.includes(base64))
    return { kind: "invalid", why: "it is signed with another key than the one given" };
  // Of what was read, not of what the schema made of it.
  const read =
    typeof json === "object" && json !== null && "certificate" in json ? json.certificate : undefined;
  const holds = verifyTrailSignature(
    Buffer.from(base64, "base64"),
    signedBytes(read),
    Buffer.from(signature, "base64"),
  );
  if (!holds)
    return { kind: "invalid", why: "its signature does not fit: it was changed after it was signed" };
  return { kind: "valid", certificate };
}
