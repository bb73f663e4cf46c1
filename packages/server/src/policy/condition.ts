/**
 * Condition blocks (spec access 4.3). A block is AND over its tests; a test is OR over its values, and for a negated operator
 * NOR. What an absent key means is the part that goes wrong elsewhere, so it stands in one place: {@link absentResult}.
 */
import { spend } from "./glob.ts";
import type { JsonNode } from "./json.ts";
import { OPERATORS, type ValueTest } from "./operators.ts";
import type { Values } from "./template.ts";

type Qualifier = "none" | "all" | "any";
export interface ValueCondition {
  readonly type: "value";
  /** Lower case: condition keys ignore case, the part after a slash or a context key's name included. */
  readonly key: string;
  /** As written, with qualifier and suffix. */
  readonly operator: string;
  readonly sources: readonly string[];
  readonly qualifier: Qualifier;
  readonly ifExists: boolean;
  readonly negated: boolean;
  readonly matches: ValueTest;
}
export interface NullCondition {
  readonly type: "null";
  readonly key: string;
  readonly operator: "Null";
  readonly sources: readonly string[];
  /** What holds: the key is absent, the key is present. Both when the policy lists both. */
  readonly absent: boolean;
  readonly present: boolean;
}
export type Condition = ValueCondition | NullCondition;

export type ConditionProblem =
  | { readonly problem: "operator"; readonly name: string }
  | { readonly problem: "value"; readonly name: string; readonly key: string }
  | { readonly problem: "shape" };

/** The compiled tests, or what is wrong first. */
export function parseCondition(node: JsonNode, variables: boolean): readonly Condition[] | ConditionProblem {
  if (node.type !== "object") return { problem: "shape" };
  const conditions: Condition[] = [];
  for (const [name, block] of node.members) {
    if (block.type !== "object") return { problem: "shape" };
    for (const [key, values] of block.members) {
      const texts = conditionTexts(values);
      if (texts === undefined || key === "") return { problem: "shape" };
      const condition = compileCondition(name, key.toLowerCase(), texts, variables);
      if ("problem" in condition) return condition;
      conditions.push(condition);
    }
  }
  return conditions;
}

/** Strings, numbers and booleans, alone or in an array; numbers as they are written. */
function conditionTexts(node: JsonNode): string[] | undefined {
  const texts: string[] = [];
  for (const item of node.type === "array" ? node.items : [node]) {
    if (item.type === "string") texts.push(item.value);
    else if (item.type === "number") texts.push(item.text);
    else if (item.type === "boolean") texts.push(String(item.value));
    else return undefined;
  }
  return texts;
}

const NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

function compileCondition(
  name: string,
  key: string,
  sources: readonly string[],
  variables: boolean,
): Condition | ConditionProblem {
  if (name === "Null") return compileNull(key, sources);
  const match = NAME.exec(name);
  const operator = OPERATORS.get(match?.[2] ?? "");
  if (match === null || operator === undefined) return { problem: "operator", name };
  const matches = operator.compile(sources, variables);
  if (matches === undefined) return { problem: "value", name, key };
  const qualifier = match[1] === undefined ? "none" : match[1] === "ForAllValues" ? "all" : "any";
  return {
    type: "value",
    key,
    operator: name,
    sources,
    qualifier,
    ifExists: match[3] !== undefined,
    negated: operator.negated,
    matches,
  };
}

function compileNull(key: string, sources: readonly string[]): Condition | ConditionProblem {
  const wanted = sources.map((text) => text.toLowerCase());
  if (wanted.length === 0 || wanted.some((text) => text !== "true" && text !== "false")) {
    return { problem: "value", name: "Null", key };
  }
  return {
    type: "null",
    key,
    operator: "Null",
    sources,
    absent: wanted.includes("true"),
    present: wanted.includes("false"),
  };
}

export function holds(condition: Condition, values: Values): boolean {
  const value = values.value(condition.key);
  const absent = value === undefined || (typeof value !== "string" && value.length === 0);
  if (condition.type === "null") return absent ? condition.absent : condition.present;
  if (absent) return absentResult(condition);
  if (typeof value === "string") return matches(condition, value, values);
  return condition.qualifier === "all"
    ? everyValue(condition, value, values)
    : someValue(condition, value, values);
}

/** Whether one value passes. Under whichever operator, it is read as a whole and may meet every value of the policy. */
function matches(condition: ValueCondition, value: string, values: Values): boolean {
  spend(values.meter, condition.sources.length + (value.length >> 3));
  return condition.matches(value, values) !== condition.negated;
}

function absentResult(condition: ValueCondition): boolean {
  if (condition.ifExists || condition.qualifier === "all") return true;
  return condition.qualifier === "any" ? false : condition.negated;
}

function everyValue(condition: ValueCondition, list: readonly string[], values: Values): boolean {
  for (const item of list) if (!matches(condition, item, values)) return false;
  return true;
}

/** Also for a key with several values under an operator without a qualifier: read as ForAnyValue. */
function someValue(condition: ValueCondition, list: readonly string[], values: Values): boolean {
  for (const item of list) if (matches(condition, item, values)) return true;
  return false;
}
