/** UploadPart and UploadPartCopy. Order: upload exists -> customer's key, block, transport -> key service -> body. */
import { assert, fail, failArgument } from "../../base/errors.ts";
import type { Caller } from "../../base/caller.ts";
import { PART_BYTES_MAX, PARTS_MAX } from "../../base/limits.ts";
import type {
  Body,
  Bucket,
  PartCopyResult,
  PartResult,
  UploadPartCopyInput,
  UploadPartInput,
} from "../api.ts";
import { openContent } from "../content/open.ts";
import { explained, findCopySource, shownSourceId, untilSourceStands } from "../copy-source.ts";
import { type Core, inCopyTurn, requireWritable } from "../core.ts";
import { disposeReadable, openReadable } from "../read-open.ts";
import { requireOpen } from "./find-upload.ts";
import { PartDigests, partIntegrity } from "./part-digests.ts";
import { checkPartKey } from "./upload-deks.ts";
import { type PartPlace, writePart } from "./write-part.ts";

export async function putPart(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: UploadPartInput,
  body: Body,
): Promise<PartResult> {
  const place = await placeOf(core, caller, bucket, input);
  const integrity = partIntegrity(place.upload, input.integrity);
  requireWritable(core);
  if (body.size > PART_BYTES_MAX) {
    fail("EntityTooLarge", {
      elements: { ProposedSize: String(body.size), MaxSizeAllowed: String(PART_BYTES_MAX) },
    });
  }
  const digests = new PartDigests(place.upload, integrity);
  return writePart(core, caller, place, {
    size: body.size,
    digests,
    stream: () => digests.observe(body.stream(), () => body.trailers()),
  });
}

async function placeOf(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  target: Pick<UploadPartInput, "key" | "uploadId" | "partNumber" | "ssec">,
): Promise<PartPlace> {
  assert(target.partNumber >= 1 && target.partNumber <= PARTS_MAX, "the pipeline has parsed the part number");
  const { uid, entry } = await requireOpen(core, bucket, target);
  const upload = entry.value;
  const customer = checkPartKey(caller, bucket, upload, target.ssec);
  return { bucket, target, uid, upload, partNumber: target.partNumber, customer };
}

const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

export async function copyPart(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: UploadPartCopyInput,
): Promise<PartCopyResult> {
  const place = await placeOf(core, caller, bucket, input);
  requireWritable(core);
  return untilSourceStands(() => copyOnce(core, caller, place, input));
}

async function copyOnce(
  core: Core,
  caller: Caller,
  place: PartPlace,
  input: UploadPartCopyInput,
): Promise<PartCopyResult> {
  const readable = await findCopySource(core, caller, input.source);
  try {
    const { version } = readable;
    const { from, to } = sourceRange(input, version.manifest.plaintextSize);
    const algorithm = place.upload.checksum?.algorithm;
    const digests = new PartDigests(place.upload, algorithm === undefined ? {} : { algorithm });
    using opened = await openReadable(core, caller, readable);
    const source = (): AsyncIterable<Uint8Array> =>
      explained(core, caller, readable, openContent(core.records, version, opened.deks, from, to));
    const { checksum, ...part } = await inCopyTurn(core, caller, to - from, () =>
      writePart(core, caller, place, {
        size: to - from,
        digests,
        stream: () => digests.observe(source(), () => NO_TRAILERS),
      }),
    );
    return {
      ...part,
      // The client sent none and the upload named none: S3 shows none.
      ...(algorithm === undefined || checksum === undefined ? {} : { checksum }),
      ...shownSourceId(input.source, readable),
    };
  } finally {
    disposeReadable(readable);
  }
}

/** Plaintext [from, to) of the source. Both ends of the header are inclusive and must lie in it. */
function sourceRange(
  input: UploadPartCopyInput,
  size: number,
): { readonly from: number; readonly to: number } {
  const { range } = input;
  if (range === undefined) {
    if (size > PART_BYTES_MAX) {
      fail(
        "InvalidRequest",
        `The specified copy source is larger than the maximum allowable size for a copy source: ${PART_BYTES_MAX}`,
      );
    }
    return { from: 0, to: size };
  }
  const { from, to } = range;
  if (from >= size) {
    fail("InvalidRequest", "The specified copy range is invalid for the source object size");
  }
  if (to >= size) {
    failArgument(
      `Range specified is not valid for source object of size: ${size}`,
      "x-amz-copy-source-range",
      `bytes=${from}-${to}`,
    );
  }
  if (to - from >= PART_BYTES_MAX) {
    fail("EntityTooLarge", {
      elements: { ProposedSize: String(to - from + 1), MaxSizeAllowed: String(PART_BYTES_MAX) },
    });
  }
  return { from, to: to + 1 };
}
