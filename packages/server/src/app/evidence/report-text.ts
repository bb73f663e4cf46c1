/** A key report as text for people. */
import type { KeyReport } from "./key-report.ts";
import type { KeyUser, KeyUsers } from "./key-users.ts";
import { counted } from "./text.ts";

export function reportText({
  key,
  lastUse,
  principals,
  users,
  dependents: d,
  coverage,
  warnings,
}: KeyReport): string[] {
  return [
    `${key.arn}: ${key.state}, ${key.spec}, ${key.origin}, created ${key.created}${key.aliases.length === 0 ? "" : `, ${key.aliases.join(", ")}`}`,
    ...(key.scheduled === undefined ? [] : [`deletion scheduled ${key.scheduled.at} by ${key.scheduled.by}`]),
    ...(key.deletionDate === undefined ? [] : [`deletion date ${key.deletionDate}`]),
    ...(key.destroyed === undefined ? [] : [`destroyed ${key.destroyed}`]),
    `last use: ${lastUse === null ? "none known" : `${lastUse.operation}, ${lastUse.at}`}`,
    "",
    `${counted(d.versions, "version")} (${d.current} current), ${d.bytes} bytes, ${counted(d.buckets.length + d.otherBuckets, "bucket")}, ${counted(d.uploads, "upload")} in progress`,
    `  SSE-KMS ${d.sseKms} (${d.bucketKey} under bucket keys), DSSE-KMS ${d.dsseKms}${d.oldest === null ? "" : `; written ${d.oldest} to ${d.newest}`}`,
    ...d.materials.map(
      (m) =>
        `  material ${m.version === 0 ? "?" : m.version} ${m.id} ${m.state}: ${counted(m.versions, "version")}, ${m.bytes} bytes, ${counted(m.uploads, "upload")}`,
    ),
    ...d.buckets.map(
      (b) =>
        `  bucket ${b.name === "" ? `(removed, id ${b.id})` : b.name}: ${counted(b.versions, "version")}, ${b.bytes} bytes, ${counted(b.uploads, "upload")}${b.formerly === 0 ? "" : `, ${b.formerly} formerly`}`,
    ),
    ...(d.otherBuckets === 0 ? [] : [`  and ${counted(d.otherBuckets, "more bucket")}`]),
    ...d.defaultOfBuckets.map((name) => `  default encryption of bucket ${name}`),
    ...d.alsoOpenedBy.map(
      (o) => `  also opened, now or earlier, by ${o.key}: ${counted(o.versions, "version")}`,
    ),
    ...(d.formerly === 0
      ? []
      : [`  formerly opened by this key, now under another: ${counted(d.formerly, "version")}`]),
    "",
    ...principals.keyPolicy.map((p) => `key policy allows: ${p}`),
    ...principals.grants.map((g) => `grant: ${g.principal} (${g.operations.join(", ")})`),
    ...users.used.map((u) => `used by ${u.principal}: last ${u.last}, ${operationsText(u)}`),
    ...(users.usedByInAll > users.used.length
      ? [`  and ${counted(users.usedByInAll - users.used.length, "more principal")}`]
      : []),
    ...users.refused.map((u) => `refused (${u.error}) ${u.principal}: last ${u.last}, ${operationsText(u)}`),
    usersCoverage(users),
    `coverage: ${coverage.versionsRead} versions and delete markers and ${coverage.uploadsRead} uploads read, ${coverage.rowsUnreadable} unreadable, ${coverage.from} to ${coverage.to}; uses known since ${coverage.usesKnownSince}`,
    ...coverage.notes.map((note) => `  ${note}`),
    ...warnings.map((warning) => `WARNING: ${warning}`),
  ];
}

const operationsText = ({ operations }: KeyUser): string =>
  Object.entries(operations)
    .map(([event, count]) => `${event} ${count}`)
    .join(", ");

function usersCoverage({ coverage }: KeyUsers): string {
  const { from, to, recordsPruned, placesUnreadable, recording } = coverage;
  const parts = [from === null ? "the audit trail is empty" : `audit trail from ${from} to ${to}`];
  if (recordsPruned > 0) parts.push(`${counted(recordsPruned, "older record")} pruned`);
  if (placesUnreadable > 0)
    parts.push(`${counted(placesUnreadable, "place")} unreadable: run strongroom audit verify`);
  if (!recording) parts.push("nothing is recorded now (--audit off)");
  return `uses by principal: ${parts.join("; ")}`;
}
