/** Counts of what depends on KMS keys, with the names of buckets: for reports, and for the tombstones of destroyed keys. */
import { COUNTED_BUCKETS_MAX, COUNTED_OPENERS_MAX, type Dependents } from "../../kms/tombstone.ts";
import { splitKeyArn } from "../../kms/forgetting.ts";
import type { CountDependents } from "../../kms/kernel.ts";
import { countDependents, KeyCount, type Walked } from "../../objects/dependents.ts";
import type { Engine } from "../engine.ts";
import { bucketNames } from "../jobs/bucket-names.ts";

/** In a serving process the walk leaves time to requests: about half of it. */
const PAUSE_MS = 5;

type Key = Parameters<CountDependents>[0][number];
type Core = Engine["objects"]["core"];

export interface Counted {
  readonly dependents: readonly Dependents[];
  readonly counts: readonly KeyCount[];
}

/** One walk for all keys. `onPage` is awaited after each page of rows. */
export async function dependentsOf(
  core: Core,
  keys: readonly Key[],
  onPage: (walked: Walked) => void | Promise<void>,
): Promise<Counted> {
  const counts = keys.map(() => new KeyCount());
  const byKey = new Map(keys.map(({ account, keyId }, i) => [`${account}/${keyId}`, counts[i]]));
  const find = (arn: string): KeyCount | undefined => {
    const { account, keyId } = splitKeyArn(arn);
    return byKey.get(`${account}/${keyId}`);
  };
  const beganMs = core.clock.now();
  let walked: Walked = { looked: 0, unreadable: 0, uploads: 0 };
  for await (walked of countDependents(core, find)) await onPage(walked);
  const names = await bucketNames({ objects: { core } });
  const endedMs = core.clock.now();
  const dependents = counts.map((count) => shown(count, walked, names, beganMs, endedMs));
  return { dependents, counts };
}

/** For the key service, of a process that serves. Rejects when that process begins to end: the next one counts anew. */
export const countGently =
  (core: () => Core, stopping: AbortSignal): CountDependents =>
  async (keys) => {
    const pause = async (): Promise<void> => {
      await new Promise((done) => setTimeout(done, PAUSE_MS));
      stopping.throwIfAborted();
    };
    return (await dependentsOf(core(), keys, pause)).dependents;
  };

function shown(
  count: KeyCount,
  walked: Walked,
  names: ReadonlyMap<string, string>,
  beganMs: number,
  endedMs: number,
): Dependents {
  const { versions, current, bytes, sseKms, dsseKms, bucketKey, uploads, formerly } = count;
  const buckets = [...count.buckets]
    .map(([id, tally]) => ({ name: names.get(id) ?? "", id, ...tally }))
    .toSorted((a, b) => b.versions - a.versions || (a.name < b.name ? -1 : 1));
  const openers = [...count.alsoOpenedBy].map(([key, n]) => ({ key, versions: n }));
  return {
    beganMs,
    endedMs,
    looked: walked.looked,
    unreadable: walked.unreadable,
    uploadsLooked: walked.uploads,
    versions,
    current,
    bytes,
    sseKms,
    dsseKms,
    bucketKey,
    uploads,
    formerly,
    materials: [...count.materials].map(([shortId, tally]) => ({ shortId, ...tally })),
    buckets: buckets.slice(0, COUNTED_BUCKETS_MAX),
    otherBuckets: Math.max(0, buckets.length - COUNTED_BUCKETS_MAX),
    alsoOpenedBy: openers.toSorted((a, b) => b.versions - a.versions).slice(0, COUNTED_OPENERS_MAX),
  };
}
