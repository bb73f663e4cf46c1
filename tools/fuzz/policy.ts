/**
 * Policy text from anywhere: parsing never throws and never takes long; what parses can be decided, shown and parsed again; and
 * a decision never throws either.
 */
import {
  decide,
  decideKeyAccess,
  type PolicyKind,
  parsePolicy,
  presentPolicy,
} from "../../packages/server/src/policy/index.ts";
import type { FuzzTarget } from "./target.ts";

const KINDS: readonly PolicyKind[] = ["bucket", "identity", "key", "trust", "session", "boundary"];
const text = (value: object): Uint8Array => new TextEncoder().encode(`0${JSON.stringify(value)}`);
const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };

function run(bytes: Uint8Array): void {
  const source = new TextDecoder().decode(bytes.subarray(1));
  const kind = KINDS[(bytes[0] ?? 0) % KINDS.length] ?? "bucket";
  const result = parsePolicy(source, kind, { bucket: "b" });
  if (!result.ok) {
    if (result.failure.message === "") throw new Error("a refusal without a text");
    return;
  }
  const { policy } = result;
  if (presentPolicy(source, policy, () => undefined) !== source) throw new Error("shown text differs");
  const onResource = kind === "bucket" || kind === "key" || kind === "trust";
  const request = {
    principal: {
      kind: "user",
      account: "111122223333",
      arn: "arn:aws:iam::111122223333:user/a",
      id: "AIDAAAAAAAAAAAAAAAAAA",
      name: "a*",
    },
    action: "s3:GetObject",
    resource: `arn:aws:s3:::b/${source.slice(0, 500)}`,
    resourceAccount: "111122223333",
    context: { get: (key: string) => (key.length % 2 === 0 ? source : [key, source.slice(0, 100)]) },
    policies: onResource ? { identity: [], resource: policy } : { identity: [policy] },
  } as const;
  const decision = decide(request);
  const failed = decision.effect === "implicit-deny" ? decision.error : undefined;
  if (failed instanceof Error && failed.name !== "EvaluationLimitError") throw failed;
  decideKeyAccess({ ...request, action: "kms:Decrypt", grants: [] });
}

export const target: FuzzTarget = {
  seeds: [
    text({ Version: "2012-10-17", Statement: [statement] }),
    text({
      Version: "2008-10-17",
      Id: "x",
      Statement: {
        ...statement,
        Sid: "s",
        Condition: { "ForAnyValue:StringLike": { "aws:UserAgent": ["a*b?c", "${aws:username, 'x'}"] } },
      },
    }),
    text({
      Statement: {
        ...statement,
        Effect: "Deny",
        Principal: { AWS: ["111122223333", "arn:aws:iam::111122223333:role/x"] },
        Condition: { IpAddress: { "aws:SourceIp": "2001:db8::/32" }, Null: { "s3:authType": "true" } },
      },
    }),
    text({
      Statement: {
        ...statement,
        Condition: {
          DateLessThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" },
          ArnLike: { "aws:PrincipalArn": "arn:*:iam::${aws:PrincipalAccount}:*" },
        },
      },
    }),
  ],
  words: [
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "*",
    "?",
    "${",
    "'",
    "\\u0000",
    "\\ud800",
    "Null",
    "Deny",
    "IfExists",
    "Not",
    "arn:",
  ],
  run,
};
