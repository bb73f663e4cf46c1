/** ListParts: the latest attempt of each part, by number. Needs the upload's key, since checksums are sealed (spec C.6, E.5). */
import type { Caller } from "../../base/caller.ts";
import { after } from "../rows/row-keys.ts";
import type { Bucket, ListedPart, ListPartsInput, Owner, UploadsService } from "../api.ts";
import { base64, hex } from "../content/build.ts";
import { requireUpload, type UploadsCore } from "./find-upload.ts";
import { partCodec, type PartRecord } from "./part-record.ts";
import { checksumsOfPart } from "./part-sums.ts";
import { checkOptionalKey, type OpenUpload, openUpload } from "./upload-deks.ts";
import { partNumberOf, partRow } from "./upload-keys.ts";
import type { UploadRecord } from "./upload-record.ts";

type Result = Awaited<ReturnType<UploadsService["listParts"]>>;

export async function listParts(
  uploads: UploadsCore,
  caller: Caller,
  bucket: Bucket,
  input: ListPartsInput,
): Promise<Result> {
  const { core } = uploads;
  const { uid, entry } = await requireUpload(core, bucket, input);
  const upload = entry.value;
  const customer = checkOptionalKey(caller, bucket, upload, input.ssec, false);
  const keyless = upload.mode === "SSE-C" && customer === undefined;
  using opened = keyless ? undefined : await openUpload(core.sources, caller, upload, customer?.key);
  const to = after(uid);
  const page =
    input.max === 0 || input.after > 0xffff
      ? { rows: [], more: false }
      : await core.records.store.scan({
          table: "part",
          from: uid,
          after: partRow(uid, input.after).key,
          ...(to === undefined ? {} : { to }),
          limit: input.max,
        });
  const parts: ListedPart[] = [];
  for (const row of page.rows) {
    const { value: part } = await core.records.open(partCodec, "part", row, false);
    parts.push(listed(upload, opened, partNumberOf(row.key), part));
  }
  const { checksum } = upload;
  return {
    parts,
    more: page.more,
    initiator: initiatorOf(uploads, bucket, upload),
    ...(checksum === undefined ? {} : { checksumAlgorithm: checksum.algorithm, checksumType: checksum.type }),
  };
}

/** Checksums show only where the upload named an algorithm: so does AWS. */
function listed(
  upload: UploadRecord,
  opened: OpenUpload | undefined,
  partNumber: number,
  part: PartRecord,
): ListedPart {
  const algorithm = upload.checksum?.algorithm;
  const value =
    algorithm === undefined || opened === undefined
      ? undefined
      : checksumsOfPart(opened, part).find((c) => c.algorithm === algorithm)?.value;
  return {
    partNumber,
    etag: hex(part.etag),
    size: part.plaintextSize,
    lastModifiedMs: part.lastModifiedMs,
    ...(algorithm === undefined || value === undefined
      ? {}
      : { checksum: { algorithm, type: "FULL_OBJECT" as const, value: base64(value) } }),
  };
}

/** A user or a role session shows with its ARN, an account's root with its canonical id. */
export function initiatorOf(uploads: UploadsCore, bucket: Bucket, { initiator }: UploadRecord): Owner {
  if (initiator === undefined) return uploads.ownerOf(bucket.owner);
  const { account, arn, name } = initiator;
  return arn === "" ? uploads.ownerOf(account) : { account, canonicalId: arn, displayName: name };
}
