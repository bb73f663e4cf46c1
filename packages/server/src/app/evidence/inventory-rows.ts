/** The rows of an inventory, in the order of keys: current versions and delete markers first, then noncurrent ones. */
import { setImmediate } from "node:timers/promises";
import { decodeKekReference, etagText } from "@strongroom/crypto";
import { RecentMap } from "../../base/recent-map.ts";
import { splitKeyArn } from "../../kms/forgetting.ts";
import { kmsReference, shortMaterialOf } from "../../objects/dependents.ts";
import { epochLayer } from "../../objects/rewrap.ts";
import { versionCodec } from "../../objects/rows/codecs.ts";
import { after as afterPrefix, keyOfPointer, keyOfVersion } from "../../objects/rows/row-keys.ts";
import { versionIdOf } from "../../objects/rows/version-id.ts";
import type { ObjectVersion } from "../../objects/rows/version-record.ts";
import type { Row } from "../../store/port.ts";
import type { Engine } from "../engine.ts";
import type { NamedBucket } from "../jobs/bucket-names.ts";
import { iso } from "./text.ts";

const PAGE_ROWS = 200;
const TABLES = ["head", "marker", "version"] as const;
const KEYS_HELD_MAX = 1000;

/** S3 Inventory's, then ours. */
export const COLUMNS = [
  "Bucket",
  "Key",
  "VersionId",
  "IsLatest",
  "IsDeleteMarker",
  "Size",
  "LastModifiedDate",
  "ETag",
  "StorageClass",
  "IsMultipartUploaded",
  "EncryptionStatus",
  "BucketKeyStatus",
  "ChecksumAlgorithm",
  "StrongroomKmsKeyArn",
  "StrongroomKeyMaterialId",
  "StrongroomKeyMaterialVersion",
  "StrongroomBucketEpoch",
  "StrongroomFormerKeys",
] as const;
export type InventoryRow = Readonly<Partial<Record<(typeof COLUMNS)[number], string | number | boolean>>>;

interface MaterialName {
  readonly id: string;
  /** From 1. */
  readonly version: number;
}

export class InventoryRows {
  readonly #engine: Engine;
  /** Material ids of a key, by its ARN. */
  readonly #materials = new RecentMap<string, readonly string[]>(KEYS_HELD_MAX);
  unreadable = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async *of(bucket: NamedBucket): AsyncGenerator<InventoryRow> {
    const { store } = this.#engine.records;
    const to = afterPrefix(bucket.id);
    for (const table of TABLES) {
      let last: Uint8Array | undefined;
      for (let more = true; more; ) {
        const page = await store.scan({
          table,
          from: bucket.id,
          ...(to === undefined ? {} : { to }),
          ...(last === undefined ? {} : { after: last }),
          limit: PAGE_ROWS,
        });
        for (const row of page.rows) {
          const made = await this.#row(bucket, table, row);
          if (made === undefined) this.unreadable++;
          else yield made;
        }
        // The store answers without a turn of the event loop; what is freed only between turns would pile up.
        await setImmediate();
        more = page.more;
        last = page.rows.at(-1)?.key ?? last;
      }
    }
  }

  async #row(
    bucket: NamedBucket,
    table: (typeof TABLES)[number],
    row: Row,
  ): Promise<InventoryRow | undefined> {
    try {
      const { value: version } = await this.#engine.records.open(versionCodec, table, row, false);
      const common = {
        Bucket: bucket.name,
        Key: table === "version" ? keyOfVersion(row.key).key : keyOfPointer(row.key),
        VersionId: versionIdOf(version),
        IsLatest: table !== "version",
        IsDeleteMarker: version.kind === "marker",
        LastModifiedDate: iso(version.lastModifiedMs),
      };
      return version.kind === "marker" ? common : { ...common, ...(await this.#facts(version)) };
    } catch {
      // Counted and said at the end; `verify` names the row.
      return undefined;
    }
  }

  async #facts(version: ObjectVersion): Promise<InventoryRow> {
    const { manifest, mode } = version;
    const reference = kmsReference(version.envelopes);
    const material =
      reference === undefined
        ? undefined
        : await this.#material(reference.keyArn, shortMaterialOf(reference));
    const epoch = epochLayer(version)?.epoch;
    const former = version.openedBy.map(formerName);
    return {
      Size: manifest.plaintextSize,
      ETag: etagText(manifest),
      StorageClass: "STANDARD",
      IsMultipartUploaded: manifest.shownPartCount > 0,
      EncryptionStatus: mode,
      BucketKeyStatus: reference?.kind === "kms-bucket-key" ? "ENABLED" : "DISABLED",
      ...(manifest.checksum === undefined ? {} : { ChecksumAlgorithm: manifest.checksum.algorithm }),
      ...(reference === undefined ? {} : { StrongroomKmsKeyArn: reference.keyArn }),
      ...(material === undefined ? {} : { StrongroomKeyMaterialId: material.id }),
      ...(material === undefined || material.version === 0
        ? {}
        : { StrongroomKeyMaterialVersion: material.version }),
      ...(epoch === undefined ? {} : { StrongroomBucketEpoch: epoch }),
      ...(former.length === 0 ? {} : { StrongroomFormerKeys: [...new Set(former)].join(" ") }),
    };
  }

  async #material(arn: string, shortId: string | undefined): Promise<MaterialName | undefined> {
    if (shortId === undefined) return undefined;
    let ids = this.#materials.get(arn);
    let at = ids?.findIndex((id) => id.startsWith(shortId)) ?? -1;
    if (ids === undefined || at < 0) {
      // Also where the key has rotated since.
      ids = await this.#idsOf(arn);
      this.#materials.set(arn, ids);
      at = ids.findIndex((id) => id.startsWith(shortId));
    }
    return { id: ids[at] ?? shortId, version: at + 1 };
  }

  async #idsOf(arn: string): Promise<readonly string[]> {
    const { account, keyId } = splitKeyArn(arn);
    const { rows } = this.#engine.kms;
    const key = (await rows.keyEvenDestroying(account, keyId))?.value;
    const known = key?.materials ?? (await rows.tombstone(account, keyId))?.materials ?? [];
    return known.map(({ id }) => id);
  }
}

function formerName(reference: Uint8Array): string {
  const ref = decodeKekReference(reference);
  if (ref.kind === "epoch") return `SSE-S3/${ref.epoch}`;
  return ref.kind === "customer" ? "SSE-C" : ref.keyArn;
}

/** Keys are URL-encoded, as S3 Inventory has them in CSV; every field is quoted. */
export function csvLine(fields: readonly string[], encodeKey = false): string {
  const keyAt = COLUMNS.indexOf("Key");
  return fields
    .map((field, i) => (encodeKey && i === keyAt ? encodeURIComponent(field).replaceAll("%2F", "/") : field))
    .map((field) => `"${field.replaceAll('"', '""')}"`)
    .join(",");
}
