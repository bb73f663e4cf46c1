/** What a decision costs with ten policies in play. Prints one line per case; `node tools/bench/policy.ts [decisions]`. */
import {
  type AccessRequest,
  decide,
  decideKeyAccess,
  type Policy,
  type PolicyKind,
  parsePolicy,
} from "../../packages/server/src/policy/index.ts";

const ACCOUNT = "111122223333";
const compile = (kind: PolicyKind, statements: object[]): Policy => {
  const result = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), kind);
  if (!result.ok) throw new Error(result.failure.message);
  return result.policy;
};
const managed = (i: number): Policy =>
  compile("identity", [
    {
      Effect: "Allow",
      Action: ["s3:Get*", "s3:List*"],
      Resource: [`arn:aws:s3:::team-${i}`, `arn:aws:s3:::team-${i}/*`],
    },
    {
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::home/${aws:username}/*",
      Condition: { StringLike: { "aws:UserAgent": "*aws-sdk*" } },
    },
    {
      Effect: "Deny",
      Action: "s3:*",
      Resource: "*",
      Condition: {
        Bool: { "aws:SecureTransport": "false" },
        NotIpAddress: { "aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"] },
      },
    },
    {
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: `arn:aws:kms:*:${ACCOUNT}:key/*`,
    },
  ]);
const principal = {
  kind: "user",
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/ann`,
  id: "AIDAANN00000000000000",
  name: "ann",
} as const;
const context = new Map([
  ["aws:securetransport", "true"],
  ["aws:sourceip", "203.0.113.9"],
  ["aws:useragent", "aws-sdk-js/3.1175.0 os/linux lang/js md/nodejs#26.10.0 api/s3#3.1175.0"],
  ["kms:viaservice", "s3.eu-west-1.amazonaws.com"],
]);
const bucket = compile("bucket", [
  {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:PutObject",
    Resource: "arn:aws:s3:::home/*",
    Condition: {
      StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" },
      Null: { "s3:x-amz-server-side-encryption": "false" },
    },
  },
  {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: ["arn:aws:s3:::home", "arn:aws:s3:::home/*"],
    Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
  },
  {
    Effect: "Allow",
    Principal: { AWS: [`arn:aws:iam::${ACCOUNT}:role/a`, `arn:aws:iam::${ACCOUNT}:role/b`] },
    Action: "s3:GetObject",
    Resource: "arn:aws:s3:::home/*",
  },
]);
const policies = {
  identity: Array.from({ length: 7 }, (_, i) => managed(i)),
  boundary: compile("boundary", [{ Effect: "Allow", Action: ["s3:*", "kms:*"], Resource: "*" }]),
  session: [compile("session", [{ Effect: "Allow", Action: "*", Resource: "*" }])],
  resource: bucket,
};
const put: AccessRequest = {
  principal,
  action: "s3:PutObject",
  resource: "arn:aws:s3:::home/ann/2026/report.pdf",
  resourceAccount: ACCOUNT,
  context,
  policies,
};
const keyPolicy = compile("key", [
  { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "kms:*", Resource: "*" },
]);
const use = {
  ...put,
  action: "kms:Decrypt",
  resource: `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k1`,
  policies: { ...policies, resource: keyPolicy },
  grants: [],
  encryptionContext: new Map([["aws:s3:arn", put.resource]]),
};
const long = { ...put, resource: `arn:aws:s3:::home/ann/${"x/".repeat(500)}` };
const cases: [string, () => { effect: string }, string][] = [
  ["PutObject, allowed, ten policies", () => decide(put), "allow"],
  ["PutObject, 1 KiB key", () => decide(long), "allow"],
  [
    "DeleteObject, denied, ten policies",
    () => decide({ ...put, action: "s3:DeleteObject" }),
    "implicit-deny",
  ],
  ["kms:Decrypt, delegated, ten policies", () => decideKeyAccess(use), "allow"],
];

/** Microseconds per decision, best of five rounds; `now` in milliseconds. */
export function measure(
  decisions: number,
  now: () => number = () => performance.now(),
): { name: string; micros: number }[] {
  return cases.map(([name, run, expected]) => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const started = now();
      for (let i = 0; i < decisions; i++)
        if (run().effect !== expected) throw new Error(`${name}: ${run().effect}`);
      best = Math.min(best, ((now() - started) * 1000) / decisions);
    }
    return { name, micros: best };
  });
}

if (import.meta.main) {
  for (const { name, micros } of measure(Number(process.argv[2] ?? 50_000))) {
    console.log(`${name.padEnd(40)} ${micros.toFixed(2)} us`);
  }
  const text = JSON.stringify({
    Version: "2012-10-17",
    Statement: Array.from({ length: 20 }, (_, i) => ({
      Effect: "Allow",
      Action: ["s3:Get*", "s3:List*"],
      Resource: `arn:aws:s3:::team-${i}/*`,
    })),
  });
  const started = performance.now();
  for (let i = 0; i < 2000; i++) parsePolicy(text, "identity");
  console.log(
    `${"parse, 20 statements".padEnd(40)} ${(((performance.now() - started) * 1000) / 2000).toFixed(1)} us`,
  );
}
