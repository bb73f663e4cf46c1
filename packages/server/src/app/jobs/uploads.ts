/** `strongroom uploads list | abort`: multipart uploads that nobody completed or aborted keep their parts for ever. */
import { parseBucketName } from "../../base/ids.ts";
import { abortOlderThan, openUploads } from "../../objects/uploads/jobs.ts";
import { initiatedMs, splitUploadKey, uploadIdOf } from "../../objects/uploads/upload-keys.ts";
import { keyOfPointer } from "../../objects/rows/row-keys.ts";
import { hexOf } from "../../store/key-order.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { recorded } from "../recorded.ts";
import { bucketNames } from "./bucket-names.ts";
import type { Job, JobOutput } from "./job.ts";

interface ListedUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: string;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export const uploads: Job = async (engine, { args, options }, output) => {
  const [action] = args;
  if (action !== "list" && action !== "abort")
    throw new UsageError("uploads: the actions are `list` and `abort`");
  const age = oneOf(options.get("older-than"));
  if (action === "abort" && age === undefined)
    throw new UsageError("uploads abort: say which with --older-than, for example 7d");
  const beforeMs = age === undefined ? Number.POSITIVE_INFINITY : engine.clock.now() - parseAge(age);
  const name = oneOf(options.get("bucket"));
  const bucket = name === undefined ? undefined : await engine.buckets.find(parseBucketName(name));
  if (name !== undefined && bucket === undefined)
    throw new UsageError(`uploads: there is no bucket ${JSON.stringify(name)}`);
  const json = options.has("json");
  const only = bucket === undefined ? {} : { bucket: bucket.id };
  if (action === "list" || options.has("dry-run")) {
    const count = await list(engine, output, { beforeMs, json, ...only });
    if (!json) output.out(`${count} uploads${action === "abort" ? " would be aborted" : ""}.`);
    return 0;
  }
  const aborted = await recorded(engine, {
    name: "UploadsAbort",
    what: { olderThan: age, ...(name === undefined ? {} : { bucket: name }) },
    work: () =>
      abortOlderThan(engine.objects.core, beforeMs, {
        ...only,
        onProgress: (done) => output.progress(`${done} uploads aborted …`),
      }),
    outcome: (count) => (count === undefined ? {} : { aborted: count }),
  });
  output.out(
    json ? JSON.stringify({ aborted }) : `${aborted} uploads aborted; their parts go within minutes.`,
  );
  return 0;
};

async function list(
  engine: Engine,
  output: JobOutput,
  what: {
    readonly beforeMs: number;
    readonly json: boolean;
    readonly bucket?: Parameters<typeof openUploads>[1];
  },
): Promise<number> {
  const names = await bucketNames(engine);
  let count = 0;
  for await (const { key, uid } of openUploads(engine.objects.core, what.bucket)) {
    if (initiatedMs(uid) >= what.beforeMs) continue;
    count++;
    const { pointer } = splitUploadKey(key);
    const id = hexOf(pointer.subarray(0, 16));
    const upload: ListedUpload = {
      bucket: names.get(id) ?? `(id ${id})`,
      key: keyOfPointer(pointer),
      uploadId: uploadIdOf(uid),
      initiated: new Date(initiatedMs(uid)).toISOString(),
    };
    // One line an upload in both forms: there may be millions.
    output.out(
      what.json
        ? JSON.stringify(upload)
        : `${upload.initiated} ${upload.bucket} ${JSON.stringify(upload.key)} ${upload.uploadId}`,
    );
  }
  return count;
}

/** "30m", "12h", "7d" in milliseconds. */
export function parseAge(text: string): number {
  const [, amount, unit] = /^([0-9]{1,6})([mhd])$/.exec(text) ?? [];
  const unitMs = UNITS[unit ?? ""];
  if (amount === undefined || unitMs === undefined)
    throw new UsageError(`--older-than: ${JSON.stringify(text)} is no age; write 30m, 12h or 7d`);
  return Number(amount) * unitMs;
}

const oneOf = (option: readonly string[] | true | undefined): string | undefined =>
  option === undefined || option === true ? undefined : option[0];
