/** A certificate of erasure as text for people. */
import { counted } from "./text.ts";
import type { Certificate } from "./certificate.ts";

export function certificateText(c: Certificate): string[] {
  const d = c.dependents;
  return [
    `VALID: certificate of erasure, signed with ${c.signingKey} by store ${c.store}.`,
    `Key ${c.key.arn} (${c.key.spec}, ${c.key.origin}), created ${c.key.created}${c.key.aliases.length === 0 ? "" : `, ${c.key.aliases.join(", ")}`}.`,
    ...c.materials.map(({ id, created }) => `Material ${id}, created ${created}: destroyed.`),
    c.scheduled === null
      ? "Who scheduled the deletion was not recorded."
      : `Deletion scheduled ${c.scheduled.at} by ${c.scheduled.by} for ${c.deletionDate}.`,
    `Destroyed ${c.destroyed.at} by ${c.destroyed.by}. Last use: ${c.lastUse === null ? "none known" : `${c.lastUse.operation}, ${c.lastUse.at}`}.`,
    ...(d === null
      ? ["What depended on it was not counted when this was issued."]
      : [
          `No longer readable: ${counted(d.versions, "version")}, ${d.bytes} bytes, ${counted(d.uploadsInProgress, "upload")} in progress (${d.versionsRead} versions read, ${d.rowsUnreadable} unreadable, ${d.countedTo}).`,
          ...d.buckets.map(
            (b) =>
              `  ${b.bucket === "" ? `(removed bucket ${b.bucketId})` : b.bucket}: ${counted(b.versions, "version")}, ${b.bytes} bytes`,
          ),
          ...(d.otherBuckets === 0 ? [] : [`  and ${counted(d.otherBuckets, "more bucket")}`]),
          ...d.alsoOpenedBy.map(
            (o) => `Also opened, now or earlier, by ${o.key}: ${counted(o.versions, "version")}.`,
          ),
          ...(d.formerlyOpened === 0
            ? []
            : [
                `Once opened by this key and still readable under another: ${counted(d.formerlyOpened, "version")}.`,
              ]),
        ]),
    "What this certificate does not reach:",
    ...c.beyondReach.map((line) => `  - ${line}`),
  ];
}
