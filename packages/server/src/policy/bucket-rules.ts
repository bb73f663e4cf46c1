/** What PutBucketPolicy asks of a statement beyond the language: known actions, this bucket, and parts that go together. */
import { S3_ACTIONS } from "./actions.ts";
import { bucketConditionKey } from "./condition-keys.ts";
import type { PolicyProblem } from "./failure.ts";
import { type Glob, type Meter, matchGlob } from "./glob.ts";
import type { Statement } from "./policy.ts";

const UNMETERED: Meter = { left: Number.POSITIVE_INFINITY };
const KNOWN = [...S3_ACTIONS].map(([name, kind]) => ({ name: name.toLowerCase(), kind }));

/** The first problem of the statement in the policy of `bucket`; any bucket when that is undefined. */
export function bucketProblem(statement: Statement, bucket: string | undefined): PolicyProblem | undefined {
  return (
    actionProblem(statement) ??
    resourceProblem(statement, bucket) ??
    combinationProblem(statement) ??
    conditionProblem(statement)
  );
}

const matched = (glob: Glob): typeof KNOWN =>
  KNOWN.filter((action) => matchGlob(glob, action.name, UNMETERED));

function actionProblem({ actions }: Statement): PolicyProblem | undefined {
  for (const [i, glob] of (actions?.globs ?? []).entries()) {
    const source = actions?.sources[i] ?? "";
    if (source !== "*" && !/^s3:/i.test(source)) return { is: "action", about: source };
    if (matched(glob).length === 0) return { is: "action", about: source };
  }
  return undefined;
}

const PREFIX = "arn:aws:s3:::";

function resourceProblem({ resources }: Statement, bucket: string | undefined): PolicyProblem | undefined {
  for (const source of resources?.sources ?? []) {
    if (!source.startsWith(PREFIX)) return { is: "resource", about: source };
    if (bucket === undefined) continue;
    // The bucket's name as written, then its end, a slash, or a wildcard (`name*` is the bucket with its objects).
    const rest = source.slice(PREFIX.length);
    const next = rest.charAt(bucket.length);
    if (!rest.startsWith(bucket) || !(next === "" || next === "/" || next === "*")) {
      return { is: "resource", about: source };
    }
  }
  return undefined;
}

/** Each action must go with at least one of the resources: s3:ListBucket on `bucket/*` alone is a mistake. */
function combinationProblem({ actions, resources }: Statement): PolicyProblem | undefined {
  if (actions === undefined || actions.negated || resources === undefined || resources.negated)
    return undefined;
  const names = resources.sources.map((source) => source.slice(PREFIX.length));
  const open = (name: string): boolean => /[*?$]/.test(name.split("/", 1)[0] ?? "");
  const applies = {
    object: names.some((name) => name.includes("/") || open(name)),
    bucket: names.some((name) => !name.includes("/") || open(name)),
    none: false,
  };
  const fits = actions.globs.every((glob) => matched(glob).some((action) => applies[action.kind]));
  return fits ? undefined : { is: "action-resource", about: "" };
}

function conditionProblem({ actions, conditions }: Statement): PolicyProblem | undefined {
  for (const { key } of conditions) {
    const goesWith = bucketConditionKey(key);
    if (goesWith === undefined) return { is: "condition-key", about: key };
    if (goesWith === "all" || actions === undefined || actions.negated) continue;
    const names = goesWith.map((name) => name.toLowerCase());
    const fits = actions.globs.some((glob) => names.some((name) => matchGlob(glob, name, UNMETERED)));
    if (!fits) return { is: "condition-combination", about: key };
  }
  return undefined;
}
