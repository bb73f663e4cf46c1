/**
 * Principals of stored policies are bound to unique ids (spec kms 9.2): the text stays as it was put, and beside it stands
 * which id each ARN meant (`Policy.bindings`, made by `parsePolicy` with a resolver). Here is the way back, for GET.
 */
import type { Policy } from "./policy.ts";

/**
 * The document as GET shows it: byte for byte what was put, except that a principal that was renamed shows its present ARN, and
 * one that is gone shows its bare id, also when somebody new has its old name.
 * @param arnOf the present ARN of a unique id, undefined when it is gone
 */
export function presentPolicy(
  text: string,
  policy: Policy,
  arnOf: (id: string) => string | undefined,
): string {
  let shown = "";
  let from = 0;
  const entries = policy.statements.flatMap((statement) => statement.principals?.entries ?? []);
  for (const { type, token } of entries.toSorted((a, b) => a.token.start - b.token.start)) {
    const id = policy.bindings.get(token.value);
    // An account keeps its canonical id.
    if (id === undefined || type === "CanonicalUser") continue;
    const now = arnOf(id) ?? id;
    if (now === token.value) continue;
    shown += text.slice(from, token.start) + JSON.stringify(now);
    from = token.end;
  }
  return shown + text.slice(from);
}
