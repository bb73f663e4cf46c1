/**
 * A copy of the trail's files that fits a copy of the rows which was made before. What the files tell beyond the copied head
 * is left out: a stream that began since, and what its writer wrote once it knew a later checkpoint. Nothing may be pruned
 * meanwhile.
 */
import { constants } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { syncPath, type TrailFiles } from "./files.ts";
import type { Ledger } from "./ledger.ts";
import type { TrailPlace } from "./reindex.ts";
import { Segment } from "./segment-reader.ts";
import { headerOf } from "./walk.ts";

/** `copied`: over the copied rows. Durable when it resolves. */
export async function copyTrail(source: TrailPlace, copied: Ledger, target: TrailFiles): Promise<void> {
  const headN = (await copied.head())?.n ?? -1;
  await mkdir(target.directory, { recursive: true, mode: 0o700 });
  for (const [stream, { closed }] of await copied.streams()) {
    const numbers = await source.files.segments(stream);
    if (numbers.length === 0) continue;
    await mkdir(join(target.directory, stream), { mode: 0o700 });
    for (const [i, number] of numbers.entries()) {
      // What a writer knows only grows: if the next segment is to be copied, all of this one is.
      const whole = closed || (await knewAtMost(source.files, stream, numbers[i + 1], headN));
      if (whole) await copyWhole(source.files, target, stream, number);
      else {
        await copyBeginning(source, target, stream, number, headN);
        break;
      }
    }
    await syncPath(join(target.directory, stream));
  }
  await syncPath(target.directory);
}

/** Whether there is such a segment, and its writer had not yet heard of a checkpoint beyond `n` when it began. */
async function knewAtMost(
  files: TrailFiles,
  stream: string,
  number: number | undefined,
  n: number,
): Promise<boolean> {
  if (number === undefined) return false;
  const header = await headerOf(files, stream, number);
  return header !== undefined && header.checkpoint.n <= n;
}

async function copyWhole(from: TrailFiles, to: TrailFiles, stream: string, number: number): Promise<void> {
  await copyOne(from.path(stream, number, "seg"), to.path(stream, number, "seg"));
  // An index that is missing is made again.
  await copyOne(from.path(stream, number, "idx"), to.path(stream, number, "idx")).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  });
}

/** Up to the first frame whose writer knew more than the copied head. Damage is copied as it stands. */
async function copyBeginning(
  { files, seedOf }: TrailPlace,
  target: TrailFiles,
  stream: string,
  number: number,
  headN: number,
): Promise<void> {
  const bytes = await files.read(stream, number);
  const segment = Segment.from(bytes, seedOf);
  let end = bytes.length;
  if (typeof segment !== "string") {
    using opened = segment;
    if (opened.header.checkpoint.n > headN) return;
    for (const frame of opened.frames()) {
      if ((opened.open(frame)?.checkpoint.n ?? 0) <= headN) continue;
      end = frame.offset;
      break;
    }
  }
  const path = target.path(stream, number, "seg");
  await writeFile(path, bytes.subarray(0, end), { flag: "wx", mode: 0o600 });
  await syncPath(path);
}

async function copyOne(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await syncPath(to);
}
