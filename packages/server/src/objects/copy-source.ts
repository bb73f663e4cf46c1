/** The source of a copy, of an object or of a part: read rules with the source's own customer key (spec B.3, C.4). */
import { fail, ServiceError } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import type { CopySource } from "./api.ts";
import type { Core } from "./core.ts";
import { etagOf } from "./facts.ts";
import { targetOf } from "./publish.ts";
import { requireCopySource } from "./read-conditions.ts";
import { disposeReadable, findReadable, type Readable } from "./read-open.ts";

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
    requireCopySource(source.conditions, etagOf(version), version.lastModifiedMs);
    return readable;
  } catch (error) {
    disposeReadable(readable);
    throw error;
  }
}
