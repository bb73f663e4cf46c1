/**
 * A bucket's record and the rows that it pins, for `verify`: it has a life, and its policy and CORS rules are those that the
 * record names. Requests refuse a bucket of which less is there.
 */
import { IntegrityError } from "../base/errors.ts";
import type { Rev } from "../base/ids.ts";
import type { Codec } from "../store/codec.ts";
import { countedCodec } from "../store/list-page.ts";
import type { Row, RowKey } from "../store/port.ts";
import { bucketCodec, policyCodec, policyRow } from "./buckets/bucket-record.ts";
import { corsCodec, corsRow } from "./buckets/cors-record.ts";
import type { Core } from "./core.ts";
import { sameBytes } from "./rows/content-record.ts";
import { lifeRow } from "./rows/life.ts";

/** Throws IntegrityError. `row` is of table `bucket`. */
export async function checkBucket(core: Core, row: Row): Promise<void> {
  const entry = await core.records.open(countedCodec(bucketCodec), "bucket", row, false);
  const { id, policy, cors } = entry.value.value;
  const [life] = await core.records.store.get([lifeRow(id)]);
  if (life === undefined) throw new IntegrityError("it is neither active nor being removed");
  await checkPinned(core, policyCodec, policyRow(id), policy, "policy");
  await checkPinned(core, corsCodec, corsRow(id), cors, "CORS rules");
}

async function checkPinned<T extends { readonly revision: Rev }>(
  core: Core,
  codec: Codec<T>,
  at: RowKey,
  revision: Rev | undefined,
  name: string,
): Promise<void> {
  if (revision === undefined) return;
  const [row] = await core.records.store.get([at]);
  if (row === undefined) throw new IntegrityError(`its ${name}: missing`);
  const { value } = await core.records.open(codec, at.table, row, false);
  if (!sameBytes(value.revision, revision)) throw new IntegrityError(`its ${name}: of another time`);
}
