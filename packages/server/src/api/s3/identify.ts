/** Authentication of one S3 request, in whichever form its credentials come, into what the pipeline goes on with. */
import { AuthFailure } from "../../auth/auth-failure.ts";
import { s3AuthError } from "../../auth/auth-errors.ts";
import { authenticate, type AuthResult } from "../../auth/authenticate.ts";
import type { Principal } from "../../base/caller.ts";
import { fail } from "../../base/errors.ts";
import type { Body } from "../../objects/api.ts";
import type { Exchange, Identity } from "../common/exchange.ts";
import { LazyBody } from "../common/request-body.ts";
import { type Address, addressOf } from "./address.ts";
import type { S3Deps } from "./deps.ts";
import type { FormExtras, Signing } from "./request.ts";

export interface Identified {
  readonly identity: Identity;
  readonly signing: Signing;
  /** For forms with the key of the form. */
  readonly address: Address;
  readonly body: Body;
  readonly form?: FormExtras;
}

export const ANONYMOUS: Identity = {
  principal: { kind: "anonymous" },
  sessionKey: "anonymous",
  signature: "none",
  authType: "none",
};

export function identityOf(
  signed: { readonly accessKeyId: string; readonly credential: { readonly principal: Principal } },
  authType: Identity["authType"],
): Identity {
  return {
    principal: signed.credential.principal,
    sessionKey: signed.accessKeyId,
    accessKeyId: signed.accessKeyId,
    signature: "AWS4-HMAC-SHA256",
    authType,
  };
}

/** Failures of authentication in S3's words; everything else as it is. */
export function asS3Error(error: unknown): unknown {
  return error instanceof AuthFailure ? s3AuthError(error) : error;
}

/** S3 signs a hash of the body, not the body: nobody reads it here. */
const noBody = (): Promise<Uint8Array> => fail("AccessDenied");

/** At once where the credential is at hand. */
export function identify(
  exchange: Exchange,
  deps: S3Deps,
  address: Address,
): Identified | Promise<Identified> {
  try {
    const result = authenticate(exchange.raw, deps.auth, noBody);
    return result instanceof Promise
      ? identifyLater(exchange, deps, address, result)
      : identified(exchange, deps, address, result);
  } catch (error) {
    throw asS3Error(error);
  }
}

async function identifyLater(
  exchange: Exchange,
  deps: S3Deps,
  address: Address,
  result: Promise<AuthResult<Principal>>,
): Promise<Identified> {
  try {
    return identified(exchange, deps, address, await result);
  } catch (error) {
    throw asS3Error(error);
  }
}

function identified(
  exchange: Exchange,
  deps: S3Deps,
  address: Address,
  result: AuthResult<Principal>,
): Identified {
  const body = new LazyBody(exchange.req, exchange.res, result.payload);
  if (result.kind === "anonymous") {
    return { identity: ANONYMOUS, signing: { headers: result.headers, presigned: false }, address, body };
  }
  // A signature for another service must not open this one.
  if (result.service !== "s3") fail("AccessDenied");
  // A host names a bucket, too: what was signed for one must not reach into another.
  if (result.signedHost !== undefined) {
    const signed = addressOf(exchange.raw.path, result.signedHost, deps.domains);
    if (signed.bucket !== address.bucket || signed.key !== address.key) fail("SignatureDoesNotMatch");
  }
  const presigned = result.how === "presigned";
  return {
    identity: identityOf(result, presigned ? "REST-QUERY-STRING" : "REST-HEADER"),
    signing: {
      headers: result.headers,
      presigned,
      contentSha256: result.contentSha256,
      signatureAgeMs: result.signatureAgeMs,
    },
    address,
    body,
  };
}
