/**
 * Text to {@link Policy}, once per stored revision. Everything a decision needs is compiled here; everything that a service
 * refuses at PUT is refused here, with its own words (`failure.ts`).
 */
import {
  IDENTITY_POLICY_BYTES_MAX,
  KEY_POLICY_BYTES_MAX,
  POLICY_BYTES_MAX,
  POLICY_STATEMENTS_MAX,
  POLICY_VALUES_MAX,
} from "../base/limits.ts";
import { parseArnPattern } from "./arn.ts";
import { bucketProblem } from "./bucket-rules.ts";
import { type Condition, parseCondition } from "./condition.ts";
import { type PolicyFailure, type ProblemName, policyFailure } from "./failure.ts";
import { compileGlob, wildcardTokens } from "./glob.ts";
import { type JsonNode, parseJson } from "./json.ts";
import {
  type ActionElement,
  Policy,
  type PolicyKind,
  type PrincipalElement,
  type ResourceElement,
  type Statement,
} from "./policy.ts";
import { parsePrincipalElement } from "./principal.ts";
import { isPublicPolicy } from "./public.ts";

export interface ParseOptions {
  /** How decisions and trails call the policy. */
  readonly name?: string;
  /** A bucket policy's resources must name this bucket. */
  readonly bucket?: string;
  /** When loading a stored policy: the bindings kept beside it. */
  readonly bindings?: ReadonlyMap<string, string>;
  /**
   * When storing a policy: the unique id of a user, role or session ARN, the text itself for an account or id that exists,
   * undefined for a principal that does not. What it answers becomes the policy's bindings.
   */
  readonly resolve?: (principal: string) => string | undefined;
}
export type ParseResult =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly failure: PolicyFailure };

class Problem extends Error {
  readonly is: ProblemName;
  readonly about: string;
  constructor(is: ProblemName, about: string) {
    super(is);
    this.is = is;
    this.about = about;
  }
}
function refuse(is: ProblemName, about = ""): never {
  throw new Problem(is, about);
}

export function parsePolicy(text: string, kind: PolicyKind, options: ParseOptions = {}): ParseResult {
  try {
    return { ok: true, policy: new Document(kind, options).parse(text) };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, failure: policyFailure(kind, error.is, error.about) };
    throw error;
  }
}

const BYTES_MAX: Readonly<Record<PolicyKind, number>> = {
  bucket: POLICY_BYTES_MAX,
  key: KEY_POLICY_BYTES_MAX,
  identity: IDENTITY_POLICY_BYTES_MAX,
  boundary: IDENTITY_POLICY_BYTES_MAX,
  trust: IDENTITY_POLICY_BYTES_MAX,
  session: IDENTITY_POLICY_BYTES_MAX,
};
const DOCUMENT_ELEMENTS = new Set(["Version", "Id", "Statement"]);
const STATEMENT_ELEMENTS = new Set([
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);
type Members = ReadonlyMap<string, JsonNode>;

class Document {
  readonly #kind: PolicyKind;
  readonly #options: ParseOptions;
  readonly #bindings: Map<string, string>;
  #version = "2008-10-17";
  #values = 0;
  constructor(kind: PolicyKind, options: ParseOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#bindings = new Map(options.bindings);
  }

  parse(text: string): Policy {
    if (Buffer.byteLength(text) > BYTES_MAX[this.#kind]) refuse("size");
    // kms 9.2: TAB, LF, CR and U+0020 to U+00FF only.
    if (!text.startsWith("{") && this.#kind === "bucket") refuse("json");
    if (this.#kind === "key" && /[^\t\n\r -\u00ff]/.test(text)) refuse("json");
    const root = parseJson(text);
    if (root?.type !== "object") refuse("json");
    this.#only(root.members, DOCUMENT_ELEMENTS);
    this.#readVersion(root.members.get("Version"));
    const id = root.members.get("Id");
    if (id !== undefined && id.type !== "string") refuse("element-shape", "Id");
    const statements = this.#statements(root.members.get("Statement"));
    this.#checkSids(statements);
    return new Policy({
      kind: this.#kind,
      name: this.#options.name ?? `${this.#kind} policy`,
      version: this.#version,
      statements,
      isPublic: this.#kind === "bucket" && isPublicPolicy(statements),
      bindings: this.#bindings,
    });
  }

  #readVersion(node: JsonNode | undefined): void {
    if (node === undefined) return;
    if (node.type !== "string" || !(node.value === "2012-10-17" || node.value === "2008-10-17")) {
      refuse("version");
    }
    this.#version = node.value;
  }

  #statements(node: JsonNode | undefined): Statement[] {
    if (node === undefined) refuse("statement-missing");
    const items = node.type === "array" ? node.items : [node];
    if (items.length === 0) refuse("statement-empty");
    if (items.length > POLICY_STATEMENTS_MAX) refuse("count");
    return items.map((item, index) => {
      if (item.type !== "object") refuse("element-shape", "Statement");
      const statement = this.#statement(item.members, index);
      const problem = this.#kind === "bucket" ? bucketProblem(statement, this.#options.bucket) : undefined;
      if (problem !== undefined) refuse(problem.is, problem.about);
      return statement;
    });
  }

  #statement(members: Members, index: number): Statement {
    this.#only(members, STATEMENT_ELEMENTS);
    const sid = members.get("Sid");
    if (sid !== undefined && sid.type !== "string") refuse("element-shape", "Sid");
    const effect = members.get("Effect");
    if (effect === undefined) refuse("element-missing", "Effect");
    if (effect.type !== "string" || (effect.value !== "Allow" && effect.value !== "Deny")) {
      refuse("effect", effect.type === "string" ? effect.value : "");
    }
    return {
      index,
      sid: sid?.value,
      effect: effect.value,
      principals: this.#principals(members, effect.value),
      actions: this.#actions(members),
      resources: this.#resources(members),
      conditions: this.#conditions(members.get("Condition")),
    };
  }

  #principals(members: Members, effect: "Allow" | "Deny"): PrincipalElement | undefined {
    const resourceSide = this.#kind === "bucket" || this.#kind === "key" || this.#kind === "trust";
    const element = this.#either(members, "Principal", "NotPrincipal", resourceSide);
    if (element === undefined) return undefined;
    if (!resourceSide) refuse("element-forbidden", "Principal");
    // Allow with NotPrincipal would let in everybody else, the anonymous included.
    if (element.negated && effect === "Allow") refuse("not-principal-allow");
    const entries = parsePrincipalElement(element.node, this.#options.bindings);
    if ("invalid" in entries) refuse("principal", entries.invalid);
    this.#count(entries.length);
    for (const { type, token } of entries) {
      // Canonical ids are S3's names of accounts.
      if (type === "CanonicalUser" && this.#kind !== "bucket")
        refuse("principal", `"${type}":"${token.value}"`);
      if (type === "AWS" || type === "CanonicalUser") this.#bind(type, token.value);
    }
    if (this.#options.resolve === undefined) {
      return { negated: element.negated, entries, patterns: entries.map((entry) => entry.pattern) };
    }
    const bound = parsePrincipalElement(element.node, this.#bindings);
    if ("invalid" in bound) refuse("principal", bound.invalid);
    return { negated: element.negated, entries: bound, patterns: bound.map((entry) => entry.pattern) };
  }

  #bind(type: string, principal: string): void {
    const { resolve } = this.#options;
    if (resolve === undefined || principal === "*") return;
    const id = resolve(principal);
    if (id === undefined) refuse("principal", `"${type}":"${principal}"`);
    if (id !== principal) this.#bindings.set(principal, id);
  }

  #actions(members: Members): ActionElement | undefined {
    const element = this.#either(members, "Action", "NotAction", this.#kind !== "key");
    if (element === undefined) return undefined;
    const sources = this.#strings(element.node, element.negated ? "NotAction" : "Action");
    for (const source of sources) {
      const valid = /^(?:\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/.test(source);
      if (!valid || (this.#kind === "trust" && !/^sts:/i.test(source))) refuse("action", source);
    }
    const globs = sources.map((source) =>
      compileGlob(wildcardTokens(source === "*:*" ? "*" : source.toLowerCase())),
    );
    return { negated: element.negated, sources, globs };
  }

  #resources(members: Members): ResourceElement | undefined {
    const required = this.#kind !== "key" && this.#kind !== "trust";
    const element = this.#either(members, "Resource", "NotResource", required);
    if (element === undefined) return undefined;
    if (this.#kind === "trust") refuse("element-forbidden", "Resource");
    const sources = this.#strings(element.node, element.negated ? "NotResource" : "Resource");
    const patterns = sources.map(
      (source) =>
        parseArnPattern(source, { variables: this.#variables, variablesInHead: false }) ??
        refuse("resource", source),
    );
    return { negated: element.negated, sources, patterns };
  }

  #conditions(node: JsonNode | undefined): readonly Condition[] {
    if (node === undefined) return [];
    const conditions = parseCondition(node, this.#variables);
    if (!("problem" in conditions)) {
      for (const condition of conditions) this.#count(1 + condition.sources.length);
      return conditions;
    }
    switch (conditions.problem) {
      case "shape":
        return refuse("element-shape", "Condition");
      case "operator":
        return refuse("operator", conditions.name);
      case "value":
        return refuse("condition-value", `${conditions.name} ${conditions.key}`);
    }
  }

  get #variables(): boolean {
    return this.#version === "2012-10-17";
  }

  #either(
    members: Members,
    name: string,
    notName: string,
    required: boolean,
  ): { readonly node: JsonNode; readonly negated: boolean } | undefined {
    const node = members.get(name);
    const notNode = members.get(notName);
    if (node !== undefined && notNode !== undefined) refuse("element-shape", notName);
    if (node !== undefined) return { node, negated: false };
    if (notNode !== undefined) return { node: notNode, negated: true };
    return required ? refuse("element-missing", name) : undefined;
  }

  #strings(node: JsonNode, name: string): string[] {
    const items = node.type === "array" ? node.items : [node];
    if (items.length === 0) refuse("element-missing", name);
    this.#count(items.length);
    return items.map((item) => (item.type === "string" ? item.value : refuse("element-shape", name)));
  }

  #only(members: Members, known: ReadonlySet<string>): void {
    for (const name of members.keys()) if (!known.has(name)) refuse("element-unknown", name);
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > POLICY_VALUES_MAX) refuse("count");
  }

  /** IAM's rule; S3 and KMS take any Sid, spaces included. */
  #checkSids(statements: readonly Statement[]): void {
    if (this.#kind === "bucket" || this.#kind === "key") return;
    const seen = new Set<string>();
    for (const { sid } of statements) {
      if (sid === undefined || sid === "") continue;
      if (!/^[0-9A-Za-z]*$/.test(sid)) refuse("sid", sid);
      if (seen.has(sid)) refuse("sid-repeated");
      seen.add(sid);
    }
  }
}

/** What IAM's quotas count: characters without white space. */
export const policyCharacters = (text: string): number => text.replace(/\s+/g, "").length;
