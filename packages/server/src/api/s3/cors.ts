/**
 * What pages of other origins may do with a bucket. The rules say it to browsers, who obey; they grant nothing: every
 * request is authorised as if it came from anywhere else. Preflights carry no credentials and get none of the pipeline.
 */
import { fail } from "../../base/errors.ts";
import { CORS_NAMES_MAX } from "../../base/limits.ts";
import type { Bucket, CorsRule } from "../../objects/api.ts";
import { type Answer, emptyAnswer } from "../common/answer.ts";
import type { Exchange } from "../common/exchange.ts";
import type { Address } from "./address.ts";
import { CORS_METHODS } from "./read/cors.ts";

const NOT_ALLOWED =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
/** Caches must not give one origin's answer to another. */
const VARY = ["Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"];

/** One `*` stands for any text, also for none. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}

interface Asked {
  readonly origin: string;
  readonly method: string;
  /** Lower case. */
  readonly headers: readonly string[];
}

/** The first rule that fits in all three counts. */
function ruleFor(rules: readonly CorsRule[], { origin, method, headers }: Asked): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.methods.includes(method) &&
      rule.origins.some((pattern) => matches(pattern, origin)) &&
      headersAllowed(rule, headers),
  );
}

function headersAllowed(rule: CorsRule, headers: readonly string[]): boolean {
  if (headers.length === 0) return true;
  const patterns = rule.headers.map((pattern) => pattern.toLowerCase());
  return headers.every((name) => patterns.some((pattern) => matches(pattern, name)));
}

function allowHeaders(rule: CorsRule, { origin, headers }: Asked): readonly string[] {
  // The rule's own star answers with a star, which browsers take without credentials only.
  const anyone = !rule.origins.some((pattern) => pattern !== "*" && matches(pattern, origin));
  const out = ["Access-Control-Allow-Origin", anyone ? "*" : origin];
  out.push("Access-Control-Allow-Methods", rule.methods.join(", "));
  if (headers.length > 0) out.push("Access-Control-Allow-Headers", headers.join(", "));
  if (rule.exposed.length > 0) out.push("Access-Control-Expose-Headers", rule.exposed.join(", "));
  if (rule.maxAgeSeconds !== undefined) out.push("Access-Control-Max-Age", String(rule.maxAgeSeconds));
  if (!anyone) out.push("Access-Control-Allow-Credentials", "true");
  out.push(...VARY);
  return out;
}

/** For the answer, good or bad, to a request that says where it comes from. */
export function corsHeaders(bucket: Bucket | undefined, origin: string, method: string): readonly string[] {
  if (bucket?.cors === undefined) return [];
  const asked = { origin, method, headers: [] };
  const rule = ruleFor(bucket.cors, asked);
  return rule === undefined ? VARY : allowHeaders(rule, asked);
}

/** Throws BadRequest for what is no preflight, AccessForbidden for one that no rule allows. */
export function preflight({ raw }: Exchange, address: Address, bucket: Bucket | undefined): Answer {
  const origin = raw.headers.find("origin");
  const method = raw.headers.find("access-control-request-method");
  if (origin === undefined || origin === "")
    fail("BadRequest", "Insufficient information. Origin request header needed.");
  if (method === undefined || !CORS_METHODS.includes(method))
    fail("BadRequest", `Invalid Access-Control-Request-Method: ${method ?? "null"}`);
  const elements = { Method: method, ResourceType: address.target === "object" ? "OBJECT" : "BUCKET" };
  if (bucket === undefined) fail("AccessForbidden", { message: "CORSResponse: Bucket not found", elements });
  if (bucket.cors === undefined) fail("AccessForbidden", { elements });
  const headers = namesOf(raw.headers.find("access-control-request-headers") ?? "");
  if (headers.length > CORS_NAMES_MAX) fail("AccessForbidden", { message: NOT_ALLOWED, elements });
  const asked = { origin, method, headers };
  const rule = ruleFor(bucket.cors, asked) ?? fail("AccessForbidden", { message: NOT_ALLOWED, elements });
  return emptyAnswer(200, allowHeaders(rule, asked));
}

/** Each once: every one is held against every pattern of every rule. */
function namesOf(list: string): readonly string[] {
  const names = new Set(list.split(",").map((name) => name.trim().toLowerCase()));
  names.delete("");
  return [...names];
}
