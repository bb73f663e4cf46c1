/**
 * `node tools/support-table.ts [--check]`: writes docs/operations/s3-operations.md from the list of operations in
 * packages/server/src/api/s3/index.ts, or says that the file is not current.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OPERATIONS } from "../packages/server/src/api/s3/index.ts";
import type { Operation } from "../packages/server/src/api/s3/operation.ts";

const PATH = join(import.meta.dirname, "../docs/operations/s3-operations.md");
const PATHS = { service: "/", bucket: "/{bucket}", object: "/{bucket}/{key}" } as const;

function routeText({ route }: Operation): string {
  const query = route.query === undefined ? "" : `?${route.query.join("&")}`;
  const header = route.header === undefined ? "" : ` with \`${route.header}\``;
  return `\`${route.method} ${PATHS[route.target]}${query}\`${header}`;
}

const row = (op: Operation): string => `| ${op.name} | ${routeText(op)} |`;

export function supportTable(): string {
  const byName = (a: Operation, b: Operation): number => (a.name < b.name ? -1 : 1);
  const supported = OPERATIONS.filter((op) => op.supported).toSorted(byName);
  const others = OPERATIONS.filter((op) => !op.supported).toSorted(byName);
  return `# S3 operations

This file is written by \`node tools/support-table.ts\` from the list of operations that the server routes by; a test
checks that it is current.

## Supported (${supported.length})

| operation | route |
|---|---|
${supported.map(row).join("\n")}

Buckets are addressed by path or, with \`--domain\`, by host name. \`POST /{bucket}\` is the browser upload (POST Object).
In a browser upload with a file above 8 MiB the file must be the form's last part: its size is told by Content-Length.
Settings that this store does not have answer reads as AWS does for a bucket where nobody set them: lifecycle,
website, replication, object lock, logging, acceleration, notification, request payment.

A new bucket has all four settings of block public access on, as on AWS since April 2023 (\`--block-public-on-new-buckets
false\` leaves them off). BlockPublicPolicy refuses a public bucket policy with AccessDenied; RestrictPublicBuckets shuts
other accounts and anonymous callers out of a bucket whose policy is public. ACLs are off for every bucket: of object
ownership only \`BucketOwnerEnforced\` can be put, and DeleteBucketOwnershipControls takes it out of sight and changes
nothing else.

## Known and answered with 501 NotImplemented (${others.length})

| operation | route |
|---|---|
${others.map(row).join("\n")}

## Headers

A header that this store does not honour is an error:

| header | answer |
|---|---|
| \`x-amz-acl\` other than \`private\` and \`bucket-owner-full-control\`, \`x-amz-grant-*\` | 400 AccessControlListNotSupported |
| \`x-amz-storage-class\` other than \`STANDARD\` | 400 InvalidStorageClass |
| \`x-amz-object-lock-*\` | 400 InvalidRequest |
| \`x-amz-write-offset-bytes\`, \`x-amz-object-annotation-directive\`, \`x-amz-if-match-size\`, \`x-amz-if-match-last-modified-time\`, \`x-amz-if-match-initiated-time\` | 501 NotImplemented |
| \`If-Match\` on a delete by version id | 501 NotImplemented |
| \`x-amz-bucket-object-lock-enabled: true\`, \`x-amz-object-ownership\` other than \`BucketOwnerEnforced\` | 501 NotImplemented |
| \`x-amz-server-side-encryption-*\` that S3 does not know | 400 InvalidArgument |
| \`If-None-Match\` other than \`*\`, \`If-Match: *\` on writes | 501 NotImplemented |

Accepted without effect: \`x-amz-bypass-governance-retention\` (nothing can be retained; the right
\`s3:BypassGovernanceRetention\` is asked for; AWS refuses it where no object can be locked, but clients and test suites clean
up with it), and, as on AWS, \`x-amz-request-payer\` (the owner pays), \`x-amz-mfa\` (no bucket asks for it),
\`x-amz-optional-object-attributes\`, and in presigned URLs \`x-amz-server-side-encryption-context\` and the value of
\`x-amz-checksum-*\` (SDKs sign the checksum of an empty body into the URL).
`;
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes("--check")) {
    const current = readFileSync(PATH, "utf8") === supportTable();
    if (!current)
      console.error("docs/operations/s3-operations.md is not current: run node tools/support-table.ts");
    process.exitCode = current ? 0 : 1;
  } else writeFileSync(PATH, supportTable());
}
