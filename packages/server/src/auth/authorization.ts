/**
 * The credential scope and the `Authorization` header (spec access 1.1): what the caller claims, in types. Component
 * order is free and spaces after commas are optional; an unknown or repeated component makes the header malformed.
 */
import { RecentMap } from "../base/recent-map.ts";
import { type CredentialPlace, refuse } from "./auth-failure.ts";
import type { Scope } from "./signing-key.ts";
import { ALGORITHM } from "./sigv4.ts";
import { isScopeDate } from "./timestamp.ts";

export interface Claim {
  readonly accessKeyId: string;
  readonly scope: Scope;
  /** Lower case, ascending, no duplicates. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** `<access key id>/<yyyymmdd>/<region>/<service>/aws4_request` */
export function parseCredential(
  text: string,
  place: CredentialPlace,
): { readonly accessKeyId: string; readonly scope: Scope } {
  const malformed = (detail: string, service?: string): never =>
    refuse({ kind: "malformed", place, detail }, service);
  const parts = text.split("/", 6);
  const [accessKeyId, date, region, service, terminal] = parts;
  if (parts.length !== 5 || !accessKeyId || !date || !region || !service || !terminal) {
    return malformed(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  if (!isScopeDate(date)) {
    return malformed(
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
      service,
    );
  }
  if (terminal !== "aws4_request") {
    return malformed(`incorrect terminal "${terminal}". This endpoint uses "aws4_request".`, service);
  }
  return { accessKeyId, scope: { date, region, service } };
}

/** `host;x-amz-date`, in any order. Undefined if a name is empty or in upper case, or `host` is missing. */
export function parseSignedHeaders(text: string): readonly string[] | undefined {
  const names = text.split(";");
  if (!names.includes("host") || names.includes("") || text !== text.toLowerCase()) return undefined;
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] ?? "") >= (names[i] ?? "")) return [...new Set(names)].sort();
  }
  return names;
}

/** Everything but the signature: the same for a client's requests of one day, so it is parsed once. */
const HEADS_KEPT_MAX = 1000;
/** Nobody has looked the key up yet: a caller without one must not fill memory. Those of SDKs have some 200 to 500. */
const HEAD_KEPT_CHARS_MAX = 1024;
const heads = new RecentMap<string, Claim>(HEADS_KEPT_MAX);
/** One client asks again and again: the look-up of a text that was just cut out costs more than comparing it. */
let lastHead = "";
let lastClaim: Claim | undefined;
const SIGNATURE = "Signature=";
/** Another component after the signature, or blanks that are none of it. */
const ENDS_ELSE = /,|\s$/;

/** `value` is the header; the caller has seen that it starts with the algorithm. */
export function parseAuthorization(value: string): Claim {
  const at = value.length - 64;
  const signature = value.slice(at);
  // Whether they are hex shows when they are held against the right ones.
  const ends = value.startsWith(SIGNATURE, at - SIGNATURE.length) && !ENDS_ELSE.test(signature);
  if (!ends) return parseWhole(value);
  if (lastClaim !== undefined && at === lastHead.length && value.startsWith(lastHead))
    return withSignature(lastClaim, signature);
  const head = value.slice(0, at);
  const known = heads.get(head);
  if (known !== undefined) {
    lastHead = head;
    lastClaim = known;
    return withSignature(known, signature);
  }
  const claim = parseWhole(value);
  // Another signature earlier in the text would have been the one that counts.
  if (claim.signature === signature && head.length <= HEAD_KEPT_CHARS_MAX) heads.set(head, claim);
  return claim;
}

const withSignature = ({ accessKeyId, scope, signedHeaders }: Claim, signature: string): Claim => ({
  accessKeyId,
  scope,
  signedHeaders,
  signature,
});

function parseWhole(value: string): Claim {
  const malformed = (detail: string, service?: string): never =>
    refuse({ kind: "malformed", place: "header", detail }, service);
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (const piece of value.slice(ALGORITHM.length).split(",")) {
    const component = piece.trim();
    if (component.startsWith("Credential=") && credential === undefined) credential = component.slice(11);
    else if (component.startsWith("SignedHeaders=") && signedHeaders === undefined)
      signedHeaders = component.slice(14);
    else if (component.startsWith("Signature=") && signature === undefined) signature = component.slice(10);
    else if (component !== "") return malformed(`the authorization component "${component}" is malformed.`);
  }
  if (credential === undefined) return malformed("missing Credential.");
  const { accessKeyId, scope } = parseCredential(credential, "header");
  if (signedHeaders === undefined) return malformed("missing SignedHeaders.", scope.service);
  if (signature === undefined) return malformed("missing Signature.", scope.service);
  const names = parseSignedHeaders(signedHeaders);
  if (names === undefined)
    return malformed("SignedHeaders must be a list of header names with host.", scope.service);
  return { accessKeyId, scope, signedHeaders: names, signature };
}
