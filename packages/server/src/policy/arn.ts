/**
 * ARN patterns, for the Resource element and for the Arn condition operators. An ARN has six parts divided by colons; the
 * last one keeps its colons and slashes. A wildcard in one of the first five parts stays inside it, so `arn:aws:s3:*` can
 * never reach over the account into a name.
 */
import {
  compileTemplate,
  isVariable,
  matchTemplate,
  parseTokens,
  substitute,
  type Template,
  type TemplateToken,
  type Values,
} from "./template.ts";

const HEAD_PARTS = 5;

/** Where the sixth part starts, or -1 when the text is no ARN. */
export function arnTail(text: string): number {
  let at = -1;
  for (let part = 0; part < HEAD_PARTS; part++) {
    at = text.indexOf(":", at + 1);
    if (at < 0) return -1;
  }
  return at + 1;
}

export type ArnPattern =
  | { readonly kind: "every" }
  /** The first five parts are plain text, which is the usual case: one comparison for all of them. */
  | { readonly kind: "prefix"; readonly prefix: string; readonly tail: Template }
  | { readonly kind: "parts"; readonly parts: readonly Template[]; readonly tail: Template }
  /** One variable is the whole pattern: the ARN is known per request only. */
  | { readonly kind: "whole"; readonly tokens: readonly TemplateToken[] };

export interface ArnPatternOptions {
  readonly variables: boolean;
  /** In Resource a variable may stand in the sixth part only. */
  readonly variablesInHead: boolean;
}

/** Undefined when the source is neither `*` nor six parts, or has a bad variable. */
export function parseArnPattern(source: string, options: ArnPatternOptions): ArnPattern | undefined {
  if (source === "*") return { kind: "every" };
  const tokens = parseTokens(source, { variables: options.variables, wildcards: true });
  if (tokens === undefined) return undefined;
  const only = tokens[0];
  if (options.variablesInHead && tokens.length === 1 && only !== undefined && isVariable(only)) {
    return { kind: "whole", tokens };
  }
  const parts = splitParts(tokens);
  const tail = parts[HEAD_PARTS];
  if (tail === undefined) return undefined;
  const head = parts.slice(0, HEAD_PARTS);
  if (!options.variablesInHead && head.some((part) => part.some(isVariable))) return undefined;
  const literal = head.every((part) =>
    part.every((token) => typeof token === "object" && "literal" in token),
  );
  if (literal) {
    const text = head.map((part) =>
      part.map((t) => (typeof t === "object" && "literal" in t ? t.literal : "")),
    );
    return {
      kind: "prefix",
      prefix: `${text.map((part) => part.join("")).join(":")}:`,
      tail: compileTemplate(tail),
    };
  }
  return { kind: "parts", parts: head.map(compileTemplate), tail: compileTemplate(tail) };
}

/** Splits at the first five colons of literal text. Text that a variable brings never moves a boundary. */
function splitParts(tokens: readonly TemplateToken[]): TemplateToken[][] {
  const parts: TemplateToken[][] = [[]];
  for (const token of tokens) {
    if (typeof token === "string" || isVariable(token)) {
      parts.at(-1)?.push(token);
      continue;
    }
    let text = token.literal;
    while (parts.length <= HEAD_PARTS && text.includes(":")) {
      const at = text.indexOf(":");
      if (at > 0) parts.at(-1)?.push({ literal: text.slice(0, at) });
      parts.push([]);
      text = text.slice(at + 1);
    }
    if (text !== "") parts.at(-1)?.push({ literal: text });
  }
  return parts;
}

/** `tailAt` is {@link arnTail} of the text. */
export function matchArn(pattern: ArnPattern, text: string, tailAt: number, values: Values): boolean {
  switch (pattern.kind) {
    case "every":
      return true;
    case "prefix":
      // The prefix ends with the fifth colon, hence so does the text's head when it starts with it.
      return text.startsWith(pattern.prefix) && matchTemplate(pattern.tail, text.slice(tailAt), values);
    case "parts":
      return tailAt >= 0 && matchParts(pattern.parts, pattern.tail, text, tailAt, values);
    case "whole": {
      const token = substitute(pattern.tokens, values)?.[0];
      return typeof token === "object" && token.literal === text && tailAt >= 0;
    }
  }
}

function matchParts(
  parts: readonly Template[],
  tail: Template,
  text: string,
  tailAt: number,
  values: Values,
): boolean {
  const head = text.slice(0, tailAt - 1).split(":");
  for (const [i, part] of parts.entries()) {
    if (!matchTemplate(part, head[i] ?? "", values)) return false;
  }
  return matchTemplate(tail, text.slice(tailAt), values);
}

/** Whether every variable of a Resource pattern has a value. */
export function hasValues(pattern: ArnPattern, values: Values): boolean {
  if (pattern.kind === "every" || pattern.kind === "whole") return true;
  return pattern.tail.fixed !== undefined || substitute(pattern.tail.tokens, values) !== undefined;
}
