/** The CORSConfiguration document and S3's rules for it. */
import { fail } from "../../../base/errors.ts";
import { CORS_ID_CHARS_MAX, CORS_RULES_MAX } from "../../../base/limits.ts";
import type { CorsRule } from "../../../objects/api.ts";
import {
  allow,
  integerOf,
  many,
  maybeText,
  parseXml,
  textOf,
  type XmlElement,
} from "../../common/xml-read.ts";

export const CORS_METHODS: readonly string[] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
const SECONDS_DIGITS_MAX = 9;
/** What may stand in a header: these values come back in headers. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Throws MalformedXML for what S3's schema does not know, InvalidRequest for what it knows and refuses. */
export function parseCors(body: Uint8Array): readonly CorsRule[] {
  const root = parseXml(body, "CORSConfiguration");
  allow(root, "CORSRule");
  const rules = many(root, "CORSRule").map(ruleOf);
  if (rules.length === 0) fail("MalformedXML");
  if (rules.length > CORS_RULES_MAX) {
    fail(
      "InvalidRequest",
      `The number of CORS rules should not exceed allowed limit of ${CORS_RULES_MAX} rules.`,
    );
  }
  return rules;
}

function ruleOf(rule: XmlElement): CorsRule {
  allow(rule, "ID", "AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds");
  const values = (name: string): readonly string[] => many(rule, name).map(textOf);
  const [origins, methods] = [values("AllowedOrigin"), values("AllowedMethod")];
  const [headers, exposed] = [values("AllowedHeader"), values("ExposeHeader")];
  if (origins.length === 0 || methods.length === 0) fail("MalformedXML");
  const id = maybeText(rule, "ID");
  if (id !== undefined && id.length > CORS_ID_CHARS_MAX) fail("MalformedXML");
  for (const method of methods) {
    if (!CORS_METHODS.includes(method)) {
      fail("InvalidRequest", `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
    }
  }
  for (const origin of origins) checkPattern("AllowedOrigin", origin);
  for (const header of headers) checkPattern("AllowedHeader", header);
  for (const header of exposed) {
    checkText(header);
    if (header.includes("*")) {
      fail(
        "InvalidRequest",
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      );
    }
  }
  const maxAge = maybeText(rule, "MaxAgeSeconds");
  return {
    ...(id === undefined ? {} : { id }),
    origins,
    methods,
    headers,
    exposed,
    ...(maxAge === undefined ? {} : { maxAgeSeconds: integerOf(maxAge, SECONDS_DIGITS_MAX) }),
  };
}

function checkPattern(name: string, pattern: string): void {
  checkText(pattern);
  if (pattern.indexOf("*") !== pattern.lastIndexOf("*")) {
    fail("InvalidRequest", `${name} "${pattern}" can not have more than one wildcard.`);
  }
}

function checkText(value: string): void {
  if (value === "" || !PRINTABLE.test(value)) fail("MalformedXML");
}
