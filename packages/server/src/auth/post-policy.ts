/**
 * The policy of a POST form (spec access 1.7, s3-encryption A.4): parse, then hold the form's fields against it. Every
 * field must be covered by a condition, so that the uploader can add nothing that the signer has not foreseen.
 */
import { fail } from "../base/errors.ts";
import { CONTENT_TYPES_MAX, POST_CONDITIONS_MAX } from "../base/limits.ts";
import { shownValue } from "./redact.ts";

type MatchKind = "eq" | "starts-with";

interface FieldCondition {
  readonly kind: MatchKind;
  /** Lower case, without the `$`. */
  readonly field: string;
  readonly value: string;
}

/** Nothing fulfils it: S3 takes it for a condition that failed, not for a document that is none. */
interface FailedCondition {
  readonly kind: "failed";
  readonly text: string;
}

type Condition = FieldCondition | FailedCondition;

export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

export interface PostPolicy {
  readonly expiresAtMs: number;
  readonly conditions: readonly Condition[];
  /** From `content-length-range`; several narrow each other. */
  readonly sizeRange: SizeRange | undefined;
}

/** Form fields by lower-case name. Names are case-insensitive. */
export type FormFields = ReadonlyMap<string, string>;

const malformed = (what: string): never => fail("InvalidPolicyDocument", `Invalid Policy: ${what}`);

/** White space may follow the padding only where there is padding: two runs that both take it would cost their product. */
const BASE64 = /^[A-Za-z0-9+/ \r\n]*(?:={1,2}[ \r\n]*)?$/;
/** Is it text that means one policy only? Anything else could be signed as one thing and read as another. */
export const isBase64 = (text: string): boolean => BASE64.test(text);

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(base64: string): unknown {
  try {
    return JSON.parse(asJson(UTF8.decode(Buffer.from(base64, "base64"))));
  } catch (cause) {
    return fail("InvalidPolicyDocument", { message: "Invalid Policy: Invalid JSON.", cause });
  }
}

/** S3's policies have two escapes more than JSON, `\$` and `\v`. Outside of strings either stays what JSON refuses. */
const asJson = (text: string): string =>
  text.replaceAll(/\\./g, (pair) => (pair === "\\$" ? "$" : pair === "\\v" ? "\\u000b" : pair));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ISO = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z$/;

function parseExpiration(value: unknown): number {
  if (value === undefined) return malformed("Policy missing expiration.");
  const ms = typeof value === "string" && ISO.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? malformed(`Invalid 'expiration' value: '${describe(value)}'`) : ms;
}

/** Text and numbers as they stand; nothing else is shown. */
const describe = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : typeof value;

/** Throws InvalidPolicyDocument. `base64` has passed {@link isBase64}. */
export function parsePostPolicy(base64: string): PostPolicy {
  const document = parseJson(base64);
  if (!isRecord(document)) return malformed("Invalid JSON.");
  const { expiration, conditions: list } = document;
  const expiresAtMs = parseExpiration(expiration);
  if (list === undefined) return malformed("Policy missing conditions.");
  if (!Array.isArray(list)) return malformed("Conditions must be a list.");
  if (list.length > POST_CONDITIONS_MAX) return malformed("Too many conditions.");
  const conditions: Condition[] = [];
  let sizeRange: SizeRange | undefined;
  for (const item of list as readonly unknown[]) {
    if (Array.isArray(item)) {
      const parsed = parseOperation(item);
      if ("kind" in parsed) conditions.push(parsed);
      else sizeRange = narrow(sizeRange, parsed);
    } else if (isRecord(item)) {
      conditions.push(parseSimple(item));
    } else malformed("Conditions must be a list of objects or arrays.");
  }
  return { expiresAtMs, conditions, sizeRange };
}

const narrow = (a: SizeRange | undefined, b: SizeRange): SizeRange =>
  a === undefined ? b : { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };

function parseSimple(item: Record<string, unknown>): Condition {
  const entries = Object.entries(item);
  const [first] = entries;
  if (entries.length !== 1 || first === undefined)
    return malformed("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  const [field, value] = first;
  if (typeof value !== "string") return malformed("Invalid Simple-Condition: value must be a string.");
  return { kind: "eq", field: field.toLowerCase(), value };
}

function parseOperation(item: readonly unknown[]): Condition | SizeRange {
  const [operation, field, value] = item;
  const name = typeof operation === "string" ? operation.toLowerCase() : "";
  if (name === "content-length-range") {
    const [min, max] = [parseSize(field), parseSize(value)];
    if (item.length !== 3 || min === undefined || max === undefined)
      return malformed("Invalid content-length-range: two numbers are needed.");
    return min === "text" || max === "text" ? alwaysFails(name, field, value) : { min, max };
  }
  if (name !== "eq" && name !== "starts-with") return malformed(`Unknown operation '${describe(operation)}'`);
  if (item.length !== 3 || typeof field !== "string" || typeof value !== "string" || /^\$(?!.)/.test(field))
    return malformed(`Invalid ${name} condition: a field name with $ and a text are needed.`);
  if (!field.startsWith("$")) return alwaysFails(name, field, shownValue(field.toLowerCase(), value));
  return { kind: name, field: field.slice(1).toLowerCase(), value };
}

/** As S3 was seen to show it (localstack's recorded test_post_object_policy_conditions_validation_eq, …_validation_size). */
const alwaysFails = (name: string, ...rest: readonly unknown[]): FailedCondition => ({
  kind: "failed",
  text: conditionText(name, ...rest),
});

const conditionText = (...parts: readonly unknown[]): string =>
  `[${parts.map((part) => `"${describe(part)}"`).join(", ")}]`;

/** "text" for a text that is no size. */
function parseSize(value: unknown): number | "text" | undefined {
  if (typeof value === "string") return /^[0-9]{1,15}$/.test(value) ? Number(value) : "text";
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

const isExempt = (field: string): boolean =>
  field === "policy" || field === "x-amz-signature" || field === "file" || field.startsWith("x-ignore-");

/**
 * Throws AccessDenied with the sentence that S3 uses. `fields` hold the key after `${filename}` has been replaced, so
 * that a condition binds the key that is really written; `bucket` is the one the request was sent to.
 */
export function checkPostPolicy(policy: PostPolicy, fields: FormFields, bucket: string, nowMs: number): void {
  const deny = (what: string): never => fail("AccessDenied", `Invalid according to Policy: ${what}`);
  const failed = (text: string): never => deny(`Policy Condition failed: ${text}`);
  if (nowMs >= policy.expiresAtMs) deny("Policy expired.");
  const covered = new Set<string>();
  const types = typesOf(fields.get("content-type"));
  for (const condition of policy.conditions) {
    if (condition.kind === "failed") return failed(condition.text);
    const { kind, field, value: wanted } = condition;
    covered.add(field);
    const value = field === "bucket" ? bucket : fields.get(field);
    if (!holds(condition, value, types)) failed(conditionText(kind, `$${field}`, shownValue(field, wanted)));
  }
  if (!covered.has("bucket")) deny("Extra input fields: bucket");
  for (const field of fields.keys()) {
    if (!covered.has(field) && !isExempt(field)) deny(`Extra input fields: ${field}`);
  }
}

/** An absent field equals nothing, but starts with the empty prefix (spec s3-encryption A.4). */
function holds(
  { kind, field, value: wanted }: FieldCondition,
  value: string | undefined,
  types: readonly string[] | undefined,
): boolean {
  if (kind === "eq") return value === wanted;
  if (value === undefined) return wanted === "";
  if (field === "content-type") return types?.every((type) => type.startsWith(wanted)) ?? false;
  return value.startsWith(wanted);
}

/** A Content-Type may be a list, each of which must begin as a condition says. Undefined for one that is too long. */
function typesOf(value = ""): readonly string[] | undefined {
  const types = value.split(",", CONTENT_TYPES_MAX + 1);
  return types.length > CONTENT_TYPES_MAX ? undefined : types.map((type) => type.trim());
}
