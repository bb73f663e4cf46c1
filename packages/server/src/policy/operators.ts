/**
 * The condition operators as a table. A row compiles the values of a policy into one test of one request value: does any
 * policy value match? Negation, IfExists and the set qualifiers are the same for all and live in `condition.ts`.
 */
import { arnTail, matchArn, parseArnPattern } from "./arn.ts";
import { inRange, parseIp, parseIpRange } from "./ip.ts";
import { compileTemplate, expandLiteral, matchTemplate, parseTokens, type Values } from "./template.ts";

export type ValueTest = (value: string, values: Values) => boolean;
export interface Operator {
  readonly negated: boolean;
  /** Undefined when a policy value is not of the operator's type. */
  compile(policyValues: readonly string[], variables: boolean): ValueTest | undefined;
}

type Compile = Operator["compile"];
const same = (text: string): string => text;
const lower = (text: string): string => text.toLowerCase();

function equals(fold: (text: string) => string): Compile {
  return (policyValues, variables) => {
    const templates = parseAll(policyValues, (source) => {
      const tokens = parseTokens(source, { variables, wildcards: false });
      return tokens === undefined ? undefined : compileTemplate(tokens);
    });
    if (templates === undefined) return undefined;
    if (templates.every((template) => template.fixed !== undefined)) {
      const texts = templates.map((template) => fold(template.fixed?.first.text ?? ""));
      const set = new Set(texts);
      const only = texts.length === 1 ? texts[0] : undefined;
      return only === undefined ? (value) => set.has(fold(value)) : (value) => fold(value) === only;
    }
    return (value, values) => {
      const folded = fold(value);
      return templates.some((template) => {
        const text = expandLiteral(template, values);
        return text !== undefined && fold(text) === folded;
      });
    };
  };
}

const like: Compile = (policyValues, variables) => {
  const templates = parseAll(policyValues, (source) => {
    const tokens = parseTokens(source, { variables, wildcards: true });
    return tokens === undefined ? undefined : compileTemplate(tokens);
  });
  if (templates === undefined) return undefined;
  return (value, values) => {
    for (const template of templates) if (matchTemplate(template, value, values)) return true;
    return false;
  };
};

const arn: Compile = (policyValues, variables) => {
  if (
    variables &&
    policyValues.some((source) => parseTokens(source, { variables, wildcards: true }) === undefined)
  ) {
    return undefined;
  }
  // A pattern that is no ARN is kept out rather than refused, as IAM does: it can match no ARN.
  const patterns = policyValues.flatMap(
    (source) => parseArnPattern(source, { variables, variablesInHead: true }) ?? [],
  );
  return (value, values) => {
    const tailAt = arnTail(value);
    if (tailAt < 0) return false;
    for (const pattern of patterns) if (matchArn(pattern, value, tailAt, values)) return true;
    return false;
  };
};

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;
const parseDecimal = (text: string): number | undefined => (DECIMAL.test(text) ? Number(text) : undefined);

const ISO = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?$/;
/** ISO 8601 (a date alone is midnight UTC) or seconds since the epoch; milliseconds. A year is read as a year. */
export function parseDate(text: string): number | undefined {
  if (ISO.test(text)) {
    const zoned = text.includes("T") && !/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text;
    const time = Date.parse(zoned.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
    return Number.isNaN(time) ? undefined : time;
  }
  const seconds = parseDecimal(text);
  return seconds === undefined ? undefined : seconds * 1000;
}

type Relation = (request: number, policy: number) => boolean;
function ordered(parse: (text: string) => number | undefined, relation: Relation): Compile {
  return (policyValues) => {
    const bounds = parseAll(policyValues, parse);
    if (bounds === undefined) return undefined;
    return (value) => {
      const number = parse(value);
      if (number === undefined) return false;
      for (const bound of bounds) if (relation(number, bound)) return true;
      return false;
    };
  };
}

const bool: Compile = (policyValues) => {
  const wanted = parseAll(policyValues, (text) => (/^(?:true|false)$/i.test(text) ? lower(text) : undefined));
  return wanted === undefined ? undefined : (value) => wanted.includes(lower(value));
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const parseBase64 = (text: string): string | undefined =>
  BASE64.test(text) ? Buffer.from(text, "base64").toString("hex") : undefined;
const binary: Compile = (policyValues) => {
  const wanted = parseAll(policyValues, parseBase64);
  if (wanted === undefined) return undefined;
  return (value) => {
    const bytes = parseBase64(value);
    return bytes !== undefined && wanted.includes(bytes);
  };
};

const ip: Compile = (policyValues) => {
  const ranges = parseAll(policyValues, parseIpRange);
  if (ranges === undefined) return undefined;
  return (value) => {
    const address = parseIp(value);
    return address !== undefined && ranges.some((range) => inRange(range, address));
  };
};

function parseAll<T>(texts: readonly string[], parse: (text: string) => T | undefined): T[] | undefined {
  const out: T[] = [];
  for (const text of texts) {
    const parsed = parse(text);
    if (parsed === undefined) return undefined;
    out.push(parsed);
  }
  return out;
}

const pair = (name: string, compile: Compile): [string, Operator][] => [
  [name, { negated: false, compile }],
  [name.replace(/(Equals|Like|Ip)/, "Not$1"), { negated: true, compile }],
];
const RELATIONS: Readonly<Record<string, Relation>> = {
  LessThan: (a, b) => a < b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThan: (a, b) => a > b,
  GreaterThanEquals: (a, b) => a >= b,
};
const family = (name: string, parse: (text: string) => number | undefined): [string, Operator][] => [
  ...pair(
    `${name}Equals`,
    ordered(parse, (a, b) => a === b),
  ),
  ...Object.entries(RELATIONS).map(([relation, test]): [string, Operator] => [
    name + relation,
    { negated: false, compile: ordered(parse, test) },
  ]),
];

/** Every operator but Null, which asks about the key and not about a value. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...pair("StringEquals", equals(same)),
  ...pair("StringEqualsIgnoreCase", equals(lower)),
  ...pair("StringLike", like),
  ...pair("ArnEquals", arn),
  ...pair("ArnLike", arn),
  ...pair("IpAddress", ip),
  ...family("Numeric", parseDecimal),
  ...family("Date", parseDate),
  ["Bool", { negated: false, compile: bool }],
  ["BinaryEquals", { negated: false, compile: binary }],
]);
