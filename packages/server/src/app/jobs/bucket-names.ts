/** Bucket ids and names, for commands. */
import type { BucketId } from "../../base/ids.ts";
import { bucketCodec } from "../../objects/buckets/bucket-record.ts";
import { rowsOf } from "../../objects/verify-records.ts";
import { hexOf } from "../../store/key-order.ts";
import { countedCodec } from "../../store/list-page.ts";
import type { Engine } from "../engine.ts";

type HasCore = { readonly objects: Pick<Engine["objects"], "core"> };

export interface NamedBucket {
  readonly id: BucketId;
  readonly name: string;
}

/** Every bucket, of every account. Records that don't open are left out: `verify` names them. */
export async function* everyBucket(engine: HasCore): AsyncGenerator<NamedBucket> {
  const { core } = engine.objects;
  for await (const row of rowsOf(core, "bucket")) {
    const name = new TextDecoder().decode(row.key);
    try {
      const { value } = await core.records.open(countedCodec(bucketCodec), "bucket", row, false);
      yield { id: value.value.id, name };
    } catch (error) {
      void error;
    }
  }
}

/** By id in hex. */
export async function bucketNames(engine: HasCore): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for await (const { id, name } of everyBucket(engine)) names.set(hexOf(id), name);
  return names;
}
