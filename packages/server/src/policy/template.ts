/**
 * Policy text with wildcards and policy variables (`${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and the escapes
 * `${*}`, `${?}`, `${$}`). Compiled once; only text with variables is put together again per request.
 *
 * INVARIANT: substituted text is literal. A user who is called `*` must not match everybody's folder.
 */
import { compileGlob, type Glob, type Meter, matchGlob, spend, type Token } from "./glob.ts";

/** What a request says about a condition key (lower case). */
export interface Values {
  value(key: string): string | readonly string[] | undefined;
  readonly meter: Meter;
}
interface Variable {
  readonly key: string;
  readonly otherwise: string | undefined;
}
export type TemplateToken = Token | { readonly variable: Variable };
export interface Template {
  readonly tokens: readonly TemplateToken[];
  /** Present when there is no variable. */
  readonly fixed: Glob | undefined;
}
export interface TemplateOptions {
  /** Version 2012-10-17; in older documents `${` is plain text. */
  readonly variables: boolean;
  /** Whether `*` and `?` are wildcards. */
  readonly wildcards: boolean;
}

/** Undefined when a `${` is not closed or names nothing. */
export function parseTokens(source: string, options: TemplateOptions): TemplateToken[] | undefined {
  const tokens: TemplateToken[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") tokens.push({ literal });
    literal = "";
  };
  for (let i = 0; i < source.length; i++) {
    const char = source.charAt(i);
    if (options.variables && char === "$" && source[i + 1] === "{") {
      const end = source.indexOf("}", i + 2);
      if (end < 0) return undefined;
      const inner = source.slice(i + 2, end);
      i = end;
      if (inner === "*" || inner === "?" || inner === "$") {
        literal += inner;
        continue;
      }
      const variable = parseVariable(inner);
      if (variable === undefined) return undefined;
      flush();
      tokens.push({ variable });
    } else if (options.wildcards && (char === "*" || char === "?")) {
      flush();
      tokens.push(char === "*" ? "any" : "one");
    } else literal += char;
  }
  flush();
  return tokens;
}

const VARIABLE = /^\s*([A-Za-z0-9.-]+:[^,'{}]*?[^,'{}\s])\s*(?:,\s*'([^']*)'\s*)?$/;
function parseVariable(inner: string): Variable | undefined {
  const match = VARIABLE.exec(inner);
  const key = match?.[1];
  return key === undefined ? undefined : { key: key.toLowerCase(), otherwise: match?.[2] };
}

export const isVariable = (token: TemplateToken): token is { readonly variable: Variable } =>
  typeof token === "object" && "variable" in token;

export function compileTemplate(tokens: readonly TemplateToken[]): Template {
  const plain: Token[] = [];
  for (const token of tokens) {
    if (isVariable(token)) return { tokens, fixed: undefined };
    plain.push(token);
  }
  return { tokens, fixed: compileGlob(plain) };
}

/** Undefined when a variable has no value, no default, or several values: the element then matches nothing. */
export function substitute(tokens: readonly TemplateToken[], values: Values): Token[] | undefined {
  const out: Token[] = [];
  for (const token of tokens) {
    if (!isVariable(token)) {
      out.push(token);
      continue;
    }
    const value = values.value(token.variable.key);
    const literal = value === undefined ? token.variable.otherwise : value;
    if (typeof literal !== "string") return undefined;
    // One variable after another makes a text as long as policy times value.
    spend(values.meter, literal.length);
    out.push({ literal });
  }
  return out;
}

export function matchTemplate(template: Template, text: string, values: Values): boolean {
  if (template.fixed !== undefined) return matchGlob(template.fixed, text, values.meter);
  const tokens = substitute(template.tokens, values);
  return tokens !== undefined && matchGlob(compileGlob(tokens), text, values.meter);
}

/** The text of a template without wildcards, for the operators that compare whole strings. */
export function expandLiteral(template: Template, values: Values): string | undefined {
  const tokens = substitute(template.tokens, values);
  return tokens?.map((token) => (typeof token === "object" ? token.literal : "")).join("");
}
