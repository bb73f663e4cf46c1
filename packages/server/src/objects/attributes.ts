/** GetObjectAttributes. The customer's key is checked on every call; the key service is asked only for checksums. */
import type { Caller } from "../base/caller.ts";
import type { AttributesInput, AttributesResult, Bucket, Checksum, PartFacts } from "./api.ts";
import { base64 } from "./content/build.ts";
import { checksumOfVersion, partChecksums } from "./content/checksum-of.ts";
import { readPage, type StreamRef, streamsOf } from "./content/open.ts";
import type { Core } from "./core.ts";
import type { OpenedVersion } from "./encryption/envelopes.ts";
import { factsOf } from "./facts.ts";
import { targetOf } from "./publish.ts";
import { disposeReadable, findReadable, openReadable } from "./read-open.ts";
import type { ObjectVersion } from "./rows/version-record.ts";

export async function objectAttributes(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: AttributesInput,
): Promise<AttributesResult> {
  const needsKey = input.wantChecksum || input.wantParts !== undefined;
  const readable = await findReadable(core, caller, targetOf(bucket, input.key), input, needsKey);
  try {
    const { version, keyMd5 } = readable;
    const facts = factsOf(bucket, version, keyMd5);
    const { checksum: kept, shownPartCount: total } = version.manifest;
    const counted = input.wantParts !== undefined && total > 0 ? { parts: { total } } : {};
    const listing = kept?.type === "COMPOSITE" ? input.wantParts : undefined;
    if (!input.wantChecksum && listing === undefined) return { facts, ...counted };
    using opened = await openReadable(core, caller, readable);
    const checksum = input.wantChecksum ? await checksumOfVersion(core.records, version, opened) : undefined;
    return {
      facts,
      ...(checksum === undefined
        ? {}
        : // Here S3 shows a composite value without the number of parts.
          { checksum: { ...checksum, value: base64(checksum.value) } }),
      ...(listing === undefined
        ? counted
        : { parts: { total, page: await pageOf(core, version, opened, listing) } }),
    };
  } finally {
    disposeReadable(readable);
  }
}

async function pageOf(
  core: Core,
  version: ObjectVersion,
  opened: OpenedVersion,
  { afterPartNumber, max }: NonNullable<AttributesInput["wantParts"]>,
): Promise<NonNullable<NonNullable<AttributesResult["parts"]>["page"]>> {
  const parts: PartFacts[] = [];
  let more = false;
  for await (const ref of refsAfter(core, version, afterPartNumber)) {
    if (parts.length === max) {
      more = max > 0;
      break;
    }
    parts.push(partFacts(ref, version, opened));
  }
  return { parts, more };
}

/** Skips pages that end before the wanted part without reading them. */
async function* refsAfter(
  core: Core,
  version: ObjectVersion,
  afterPartNumber: number,
): AsyncGenerator<StreamRef> {
  const { streams } = version.manifest;
  if (streams.kind === "inline") {
    for await (const ref of streamsOf(core.records, version, 0, Number.POSITIVE_INFINITY, true)) {
      if (ref.entry.partNumber > afterPartNumber) yield ref;
    }
    return;
  }
  for (const [pageIndex, page] of streams.pages.entries()) {
    const next = streams.pages[pageIndex + 1];
    if (next !== undefined && next.firstPartNumber <= afterPartNumber + 1) continue;
    let offset = page.firstOffset;
    for (const found of await readPage(core.records, version, pageIndex)) {
      if (found.entry.partNumber > afterPartNumber) yield { ...found, offset };
      offset += found.entry.plaintextSize;
    }
  }
}

function partFacts(ref: StreamRef, version: ObjectVersion, { deks }: OpenedVersion): PartFacts {
  const type = version.manifest.checksum?.type ?? "FULL_OBJECT";
  const checksums = partChecksums(ref, deks).map(
    ({ algorithm, value }): Checksum => ({ algorithm, type, value: base64(value) }),
  );
  return { partNumber: ref.entry.partNumber, size: ref.entry.plaintextSize, checksums };
}
