/**
 * Who signed this browser upload? The form carries the credentials and the signed text is its policy (spec access 1.7).
 * Same order as {@link authenticate}: the policy is read only after its signature holds.
 */
import { fail, failArgument } from "../base/errors.ts";
import { checkKeyBytes } from "../base/ids.ts";
import { refuse } from "./auth-failure.ts";
import type { AuthDeps } from "./authenticate.ts";
import { parseCredential } from "./authorization.ts";
import { checkScope, findCredential } from "./claim-checks.ts";
import type { Credential } from "./credentials.ts";
import {
  checkPostPolicy,
  type FormFields,
  isBase64,
  parsePostPolicy,
  type SizeRange,
} from "./post-policy.ts";
import { sameSignature } from "./signing-key.ts";
import { ALGORITHM } from "./sigv4.ts";
import { parseTimestamp } from "./timestamp.ts";

export interface SignedPost<P> {
  readonly kind: "signed";
  readonly how: "post";
  readonly accessKeyId: string;
  readonly credential: Credential<P>;
  readonly service: "s3";
  readonly region: string;
  readonly timestampMs: number;
  readonly signatureAgeMs: number;
  /** Limits of the file's size, if the policy sets any. */
  readonly sizeRange: SizeRange | undefined;
}

export type PostAuthResult<P> = { readonly kind: "anonymous" } | SignedPost<P>;

/** `name` as S3 spells it in its errors. */
function need(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase());
  if (value === undefined || value === "") {
    return failArgument(
      `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
      name,
      "",
    );
  }
  return value;
}

/**
 * The object key: `${filename}` stands for the name the browser gave. Throws InvalidArgument without a key, and
 * KeyTooLongError before the key is put together: thousands of long names would make megabytes for anybody.
 */
export function postKey(fields: FormFields, fileName: string): string {
  const pieces = need(fields, "key").split("${filename}");
  const own = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  checkKeyBytes(own + (pieces.length - 1) * Buffer.byteLength(fileName));
  return pieces.join(fileName);
}

/**
 * `fields` are those of the form with `key` as {@link postKey} made it. A form without policy and signature is
 * anonymous; a policy that nobody signed is denied, whatever it says. Throws AuthFailure, or the ServiceErrors of the policy.
 */
export async function authenticatePost<P>(
  fields: FormFields,
  bucket: string,
  deps: AuthDeps<P>,
): Promise<PostAuthResult<P>> {
  if (fields.has("awsaccesskeyid") || fields.has("signature"))
    refuse({ kind: "unsupported-mechanism" }, "s3");
  const claimed = ["x-amz-signature", "x-amz-credential", "x-amz-algorithm"];
  if (!claimed.some((name) => fields.has(name))) {
    // Seen on S3: localstack's recorded test_post_request_missing_fields, which the names below are from, too.
    return fields.has("policy") ? fail("AccessDenied") : { kind: "anonymous" };
  }

  const policy = need(fields, "policy");
  const algorithm = need(fields, "X-Amz-Algorithm");
  const credentialText = need(fields, "X-Amz-Credential");
  const date = need(fields, "X-Amz-Date");
  const signature = need(fields, "X-Amz-Signature");
  if (algorithm.startsWith("AWS4-ECDSA")) refuse({ kind: "unsupported-mechanism" }, "s3");
  if (algorithm !== ALGORITHM)
    failArgument(`X-Amz-Algorithm only supports "${ALGORITHM}"`, "x-amz-algorithm", algorithm);
  const { accessKeyId, scope } = parseCredential(credentialText, "form");
  const timestamp = parseTimestamp(date);
  if (timestamp === undefined || !timestamp.text.startsWith(scope.date)) {
    return failArgument("X-Amz-Date must be a time of the credential's day.", "x-amz-date", date);
  }
  if (!isBase64(policy)) return failArgument("The policy must be base64.", "policy");

  const credential = await findCredential(deps, accessKeyId, fields.get("x-amz-security-token"), "s3");
  if (scope.service !== "s3")
    refuse(
      { kind: "wrong-scope", place: "form", part: "service", given: scope.service, expected: "s3" },
      "s3",
    );
  checkScope(deps.services, scope, "form");
  const key = deps.signingKeys.get(accessKeyId, credential.version, credential.secret, scope);
  if (!sameSignature(key.sign(policy), signature)) {
    refuse({ kind: "mismatch", accessKeyId, signature, stringToSign: policy }, "s3");
  }
  deps.noteUse?.(accessKeyId, scope.service, scope.region);
  const parsed = parsePostPolicy(policy);
  const nowMs = deps.clock.now();
  checkPostPolicy(parsed, fields, bucket, nowMs);
  return {
    kind: "signed",
    how: "post",
    accessKeyId,
    credential,
    service: "s3",
    region: scope.region,
    timestampMs: timestamp.ms,
    signatureAgeMs: nowMs - timestamp.ms,
    sizeRange: parsed.sizeRange,
  };
}
