/** The source of a copy, of an object or of a part: read rules with the source's own customer key (spec B.3, C.4). */
import { fail, IntegrityError, ServiceError } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import type { CopySource } from "./api.ts";
import type { Core } from "./core.ts";
import { etagOf, versionIdShown } from "./facts.ts";
import { targetOf } from "./publish.ts";
import { requireCopySource } from "./read-conditions.ts";
import { disposeReadable, findReadable, type Readable } from "./read-open.ts";

/** The source changed while it was being copied: look again, this often. */
const COPY_TRIES = 4;

/** Leaves one try of a copy, and goes no further than `untilSourceStands`. */
export class SourceChanged extends Error {}

/** Each try finds the source anew. Throws SlowDown where it changes under every one of them. */
export async function untilSourceStands<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SourceChanged)) throw error;
      if (tries === COPY_TRIES) fail("SlowDown", { cause: error });
    }
  }
}

/** Throws what a GET would, and PreconditionFailed. Its keys are not asked for yet. */
export async function findCopySource(core: Core, caller: Caller, source: CopySource): Promise<Readable> {
  const target = targetOf(source.bucket, source.key);
  let readable: Readable;
  try {
    readable = await findReadable(core, caller, target, source, true);
  } catch (error) {
    if (error instanceof ServiceError && error.code === "MethodNotAllowed") {
      fail(
        "InvalidRequest",
        "The source of a copy request may not specifically refer to a delete marker by version id.",
      );
    }
    throw error;
  }
  try {
    const { version } = readable;
    const { lastModifiedMs } = version;
    requireCopySource(source.conditions, { etag: etagOf(version), lastModifiedMs }, core.clock);
    return readable;
  } catch (error) {
    disposeReadable(readable);
    throw error;
  }
}

/** S3 does not name a null version that is copied as the current one. */
export function shownSourceId(
  { bucket, versionId: named }: CopySource,
  { version }: Readable,
): { readonly sourceVersionId?: string } {
  const { versionId } = versionIdShown(bucket, version);
  if (versionId === undefined || (version.isNull && named === undefined)) return {};
  return { sourceVersionId: versionId };
}

/**
 * The plaintext of a source. One that went away under the reader is no damage. Ends with the caller's going: a request of a
 * few bytes must not make us write gigabytes for nobody.
 */
export async function* explained(
  core: Core,
  { signal }: Caller,
  readable: Readable,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of source) {
      if (signal.aborted) fail("RequestTimeout");
      yield piece;
    }
  } catch (error) {
    if (error instanceof IntegrityError && !(await stands(core, readable))) {
      throw new SourceChanged("the source is gone", { cause: error });
    }
    throw error;
  }
}

export async function stands(core: Core, { standing }: Readable): Promise<boolean> {
  const { table, key, rev } = standing;
  const [row] = await core.records.store.get([{ table, key }]);
  return row !== undefined && row.rev.every((byte, i) => byte === rev[i]);
}
