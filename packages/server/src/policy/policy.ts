/** A compiled policy document: immutable, safe to share between requests and to cache by revision. */
import type { ArnPattern } from "./arn.ts";
import type { Condition } from "./condition.ts";
import { type Glob, type Meter, matchGlob } from "./glob.ts";
import type { PrincipalEntry, PrincipalPattern } from "./principal.ts";

export type PolicyKind = "bucket" | "identity" | "key" | "trust" | "session" | "boundary";

export interface ActionElement {
  readonly negated: boolean;
  readonly sources: readonly string[];
  /** Lower case. */
  readonly globs: readonly Glob[];
}
export interface ResourceElement {
  readonly negated: boolean;
  readonly sources: readonly string[];
  readonly patterns: readonly ArnPattern[];
}
export interface PrincipalElement {
  readonly negated: boolean;
  readonly entries: readonly PrincipalEntry[];
  readonly patterns: readonly PrincipalPattern[];
}
export interface Statement {
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  /** Absent in identity, session and boundary policies: whoever the policy is attached to. */
  readonly principals: PrincipalElement | undefined;
  /** Absent only in a key policy: the statement is then stored and shown, and never matches (spec kms 9.2). */
  readonly actions: ActionElement | undefined;
  /** Absent in a trust policy, where the role is the resource, and in a key policy as above. */
  readonly resources: ResourceElement | undefined;
  readonly conditions: readonly Condition[];
}

const MEMO_MAX = 256;

export class Policy {
  readonly kind: PolicyKind;
  /** For decisions and trails: an ARN, `inline/NAME`, `bucket policy`. */
  readonly name: string;
  readonly version: string;
  readonly statements: readonly Statement[];
  /** Bucket policies: section 5.1's public. */
  readonly isPublic: boolean;
  /** ARNs that the document names and the unique ids they stood for when it was stored. */
  readonly bindings: ReadonlyMap<string, string>;
  readonly #byAction = new Map<string, readonly Statement[]>();

  constructor(fields: Pick<Policy, "kind" | "name" | "version" | "statements" | "isPublic" | "bindings">) {
    this.kind = fields.kind;
    this.name = fields.name;
    this.version = fields.version;
    this.statements = fields.statements;
    this.isPublic = fields.isPublic;
    this.bindings = fields.bindings;
  }

  /** The statements whose action element matches, denials first. `action` is lower case. Remembered per action. */
  statementsFor(action: string, meter: Meter): readonly Statement[] {
    const known = this.#byAction.get(action);
    if (known !== undefined) return known;
    const matching = this.statements.filter((statement) =>
      matchesAction(statement, action, this.kind, meter),
    );
    const ordered = [
      ...matching.filter((statement) => statement.effect === "Deny"),
      ...matching.filter((statement) => statement.effect === "Allow"),
    ];
    if (this.#byAction.size >= MEMO_MAX) this.#byAction.clear();
    this.#byAction.set(action, ordered);
    return ordered;
  }
}

function matchesAction(statement: Statement, action: string, kind: PolicyKind, meter: Meter): boolean {
  const { actions } = statement;
  if (actions === undefined) return false;
  if (statement.resources === undefined && kind !== "trust") return false;
  return actions.globs.some((glob) => matchGlob(glob, action, meter)) !== actions.negated;
}
