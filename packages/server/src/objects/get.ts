/**
 * GetObject and HeadObject. Order (access 7): bucket and right (the pipeline) -> object exists -> encryption headers and
 * customer's key -> conditions -> key service -> data. A small body comes whole; of a large one the first segment has
 * verified before this returns, and a later failure throws: it never ends as if it were the end.
 */
import { fail, IntegrityError } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import type { Bucket, Checksum, ReadInput, ReadResult } from "./api.ts";
import { base64 } from "./content/build.ts";
import { checksumOfVersion, partChecksums, shownChecksum } from "./content/checksum-of.ts";
import { openContent, openInline, soleInlineRow } from "./content/open.ts";
import type { Core } from "./core.ts";
import type { OpenedVersion } from "./encryption/envelopes.ts";
import { type Target, targetOf } from "./publish.ts";
import { decideRead, holdsForRange } from "./read-conditions.ts";
import { disposeReadable, findReadable, openReadable, type Readable } from "./read-open.ts";
import { type PartRange, resolvePart } from "./read-part.ts";
import { resolveRange } from "./read-range.ts";
import { etagOf, factsOf } from "./facts.ts";
import type { ObjectVersion } from "./rows/version-record.ts";

/** A read that lost its content to a concurrent overwrite looks again, this often. */
const READ_TRIES = 5;

export async function getObject(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: ReadInput,
): Promise<ReadResult> {
  const target = targetOf(bucket, input.key);
  for (let tries = 1; ; tries++) {
    const found = findReadable(core, caller, target, input, true);
    const readable = found instanceof Promise ? await found : found;
    const result = await answer(core, caller, bucket, target, input, readable, tries < READ_TRIES);
    if (result !== "again") return result;
  }
}

export async function headObject(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: ReadInput,
): Promise<ReadResult> {
  const target = targetOf(bucket, input.key);
  const readable = await findReadable(core, caller, target, input, input.checksumMode);
  try {
    const { version, keyMd5 } = readable;
    const facts = factsOf(bucket, version, keyMd5);
    if (decideRead(input.conditions, facts, core.clock) === "not-modified") {
      return { kind: "not-modified", facts };
    }
    const extent = await extentOf(core, version, input);
    const { from, to, partial } = extent;
    const shown = { kind: "object" as const, facts, from, to, partial };
    if (!input.checksumMode || version.manifest.checksum === undefined) return shown;
    using opened = await openReadable(core, caller, readable);
    return { ...shown, ...(await checksumFor(core, version, opened, extent)) };
  } finally {
    disposeReadable(readable);
  }
}

interface Extent {
  readonly from: number;
  readonly to: number;
  readonly partial: boolean;
  readonly part?: PartRange;
}

function extentOf(core: Core, version: ObjectVersion, input: ReadInput): Extent | Promise<Extent> {
  const size = version.manifest.plaintextSize;
  if (input.partNumber !== undefined) return extentOfPart(core, version, input, input.partNumber);
  if (input.range === undefined || !holdsForRange(input.ifRange, etagOf(version), version.lastModifiedMs)) {
    return { from: 0, to: size, partial: false };
  }
  return { ...resolveRange(input.range, size), partial: true };
}

async function extentOfPart(
  core: Core,
  version: ObjectVersion,
  input: ReadInput,
  partNumber: number,
): Promise<Extent> {
  if (input.range !== undefined) {
    fail("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
  }
  const part = await resolvePart(core.records, version, partNumber);
  return { from: part.from, to: part.to, partial: true, part };
}

async function answer(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  target: Target,
  input: ReadInput,
  readable: Readable,
  mayRetry: boolean,
): Promise<ReadResult | "again"> {
  const { version, keyMd5 } = readable;
  let opened: OpenedVersion | undefined;
  let streaming = false;
  try {
    const facts = factsOf(bucket, version, keyMd5);
    if (decideRead(input.conditions, facts, core.clock) === "not-modified") {
      return { kind: "not-modified", facts };
    }
    // Awaited only where it has to be: on a small read whose rows are in memory nothing is.
    const reach = extentOf(core, version, input);
    const extent = reach instanceof Promise ? await reach : reach;
    const opening = openReadable(core, caller, readable);
    opened = opening instanceof Promise ? await opening : opening;
    const { from, to, partial } = extent;
    const checksum = input.checksumMode ? await checksumFor(core, version, opened, extent) : {};
    let body: ReadBody;
    try {
      const reading = bodyOf(core, version, opened, from, to);
      body = reading instanceof Promise ? await reading : reading;
    } catch (error) {
      // Only what a newer version or a removal explains is looked at again; the rest is damage.
      if (mayRetry && error instanceof IntegrityError && (await isGone(core, target, readable))) {
        return "again";
      }
      throw error;
    }
    streaming = !(body instanceof Uint8Array);
    return {
      kind: "object",
      facts,
      from,
      to,
      partial,
      ...checksum,
      body,
    };
  } finally {
    // A streamed body keeps its keys until it ends.
    if (!streaming) opened?.[Symbol.dispose]();
    disposeReadable(readable);
  }
}

type ReadBody = Uint8Array | AsyncIterable<Uint8Array>;

function bodyOf(
  core: Core,
  version: ObjectVersion,
  opened: OpenedVersion,
  from: number,
  to: number,
): ReadBody | Promise<ReadBody> {
  const sole = soleInlineRow(version);
  if (sole === undefined) return streamedBody(core, version, opened, from, to);
  return core.records.store.use(sole, (stored) => inlineBody(version, opened, stored, from, to));
}

function inlineBody(
  version: ObjectVersion,
  opened: OpenedVersion,
  stored: Uint8Array | undefined,
  from: number,
  to: number,
): Uint8Array {
  if (stored === undefined) throw new IntegrityError("an inline content is missing");
  const whole = openInline(version, stored, opened);
  return to - from === whole.length ? whole : whole.subarray(from, to);
}

async function streamedBody(
  core: Core,
  version: ObjectVersion,
  opened: OpenedVersion,
  from: number,
  to: number,
): Promise<ReadBody> {
  const pieces = openContent(core.records, version, opened.deks, from, to);
  const first = await pieces.next();
  return new VerifiedBody(pieces, first, opened);
}

/** A streamed body whose first piece has verified. Wipes its keys when it ends, fails or is given up, even unread. */
class VerifiedBody implements AsyncIterableIterator<Uint8Array> {
  readonly #pieces: AsyncGenerator<Uint8Array, void, undefined>;
  readonly #opened: OpenedVersion;
  #first: IteratorResult<Uint8Array, void> | undefined;

  constructor(
    pieces: AsyncGenerator<Uint8Array, void, undefined>,
    first: IteratorResult<Uint8Array, void>,
    opened: OpenedVersion,
  ) {
    this.#pieces = pieces;
    this.#first = first;
    this.#opened = opened;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const first = this.#first;
    this.#first = undefined;
    try {
      const result = first ?? (await this.#pieces.next());
      if (result.done !== true) return { done: false, value: result.value };
    } catch (error) {
      this.#opened[Symbol.dispose]();
      throw error;
    }
    this.#opened[Symbol.dispose]();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#first = undefined;
    try {
      await this.#pieces.return();
    } finally {
      this.#opened[Symbol.dispose]();
    }
    return { done: true, value: undefined };
  }
}

async function isGone(core: Core, target: Target, readable: Readable): Promise<boolean> {
  const { table, key, rev } = readable.standing;
  const [row] = await core.records.store.get([{ table, key }]);
  return row === undefined || !row.rev.every((byte, i) => byte === rev[i]);
}

/** K.3: of the whole object, also where a range covers it; or of the part asked for, if its checksum is what makes the object's. */
async function checksumFor(
  core: Core,
  version: ObjectVersion,
  opened: OpenedVersion,
  { from, to, part }: Extent,
): Promise<{ readonly checksum?: Checksum }> {
  const { manifest } = version;
  if (manifest.checksum === undefined) return {};
  const { algorithm, type } = manifest.checksum;
  if (part?.ref !== undefined && type === "COMPOSITE") {
    const found = partChecksums(part.ref, opened.deks).find((c) => c.algorithm === algorithm);
    return found === undefined ? {} : { checksum: { algorithm, type, value: base64(found.value) } };
  }
  if (to - from < manifest.plaintextSize) return {};
  const checksum = await checksumOfVersion(core.records, version, opened);
  if (checksum === undefined) return {};
  return { checksum: shownChecksum(checksum, manifest.shownPartCount) };
}
