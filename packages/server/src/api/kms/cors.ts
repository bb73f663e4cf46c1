/**
 * Browser pages of the origins that the operator names may call the key service (as AWS KMS lets any page). Nothing is lent
 * to a page: credentials mode is never allowed, and every call still needs a signature of somebody with the right. Off
 * unless set.
 */
import type { Answer } from "../common/answer.ts";
import type { Exchange } from "../common/exchange.ts";

const EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,Date";
const MAX_AGE_SECONDS = "7200";
/** What a preflight echoes: header names and no more. */
const HEADER_NAMES = /^[A-Za-z0-9-]+(?:, ?[A-Za-z0-9-]+)*$/;

/** `*` allows every origin. */
export type Origins = ReadonlySet<string>;

function allowedOrigin(exchange: Exchange, origins: Origins): string | undefined {
  const { origin } = exchange.req.headers;
  if (origin === undefined || origins.size === 0) return undefined;
  if (origins.has("*")) return "*";
  return origins.has(origin) ? origin : undefined;
}

/** The answer to OPTIONS; 403 without a word for a page that may not. */
export function preflightAnswer(exchange: Exchange, origins: Origins): Answer {
  const origin = allowedOrigin(exchange, origins);
  const { headers } = exchange.req;
  const names = headers["access-control-request-headers"] ?? "";
  const may =
    origin !== undefined &&
    headers["access-control-request-method"] === "POST" &&
    (names === "" || HEADER_NAMES.test(names));
  if (!may) return { status: 403, headers: ["Vary", "Origin"], body: "" };
  return {
    status: 200,
    headers: [
      "Access-Control-Allow-Origin",
      origin,
      "Access-Control-Allow-Methods",
      "POST",
      "Access-Control-Allow-Headers",
      names,
      "Access-Control-Max-Age",
      MAX_AGE_SECONDS,
      "Vary",
      "Origin, Access-Control-Request-Headers",
    ],
    body: "",
  };
}

/** Headers of every other answer, errors included, for a page that may read it. */
export function allowReading(exchange: Exchange, origins: Origins): void {
  const origin = allowedOrigin(exchange, origins);
  if (origin === undefined) return;
  exchange.extraHeaders = [
    "Access-Control-Allow-Origin",
    origin,
    "Access-Control-Expose-Headers",
    EXPOSED,
    "Vary",
    "Origin",
  ];
}
