/**
 * ListObjectVersions: every version and delete marker by key, newest first. Three tables are merged in the order of their
 * row keys: a pointer (`head` or `marker`) sorts before the rows of `version` under the same key, which sort newest first.
 *
 * The three are read one after the other, and a version moves between them when it is replaced or promoted. So each piece
 * is checked: if a pointer of a key in it has changed meanwhile, the piece is read again, a few times. A list that goes on
 * within a key goes by sequence, since what comes next may have become the current version.
 */
import { IntegrityError } from "../../base/errors.ts";
import { LIST_CHUNK_ROWS, LIST_TORN_READS_MAX } from "../../base/limits.ts";
import { parseObjectKey } from "../../base/ids.ts";
import { compareKeys, groupLength, startsWith } from "../../store/key-order.ts";
import type { GroupItem, Row, RowKey } from "../../store/port.ts";
import type { Bucket, ListedVersion, ListVersionsInput, ListVersionsResult } from "../api.ts";
import type { Core } from "../core.ts";
import { targetOf } from "../publish.ts";
import { versionCodec } from "../rows/codecs.ts";
import { sameBytes } from "../rows/content-record.ts";
import { escapeText, keyOfPointer, keyOfVersion, versionKey } from "../rows/row-keys.ts";
import { parseVersionId, versionIdOf } from "../rows/version-id.ts";
import { Cursor, keyOfItem, type Position, positionOf } from "./cursor.ts";
import { breathe, chunkOf, fitsKeys, placeOfText, SEPARATOR } from "./list-keys.ts";
import { sameBucket, shownOf } from "./list-objects.ts";
import { concat } from "../../store/key-bytes.ts";

type Item = ListVersionsResult["items"][number];
type Table = "head" | "marker" | "version";
interface Found {
  readonly table: Table;
  readonly item: GroupItem;
}
/** A key that was shown in part: its versions below this sequence come next, wherever they stand by now. */
interface Within {
  readonly pointer: Uint8Array;
  readonly below: number;
}
/** Where each table goes on: a key's pointer may be behind us while its versions are not. */
interface Start {
  readonly pointer: Position | undefined;
  readonly version: Position | undefined;
  readonly within?: Within | undefined;
}
interface Piece {
  readonly found: readonly Found[];
  readonly more: boolean;
  /** The pointer row, as read, of the key that the piece began within. */
  readonly current: Row | undefined;
}

export async function listVersions(
  core: Core,
  bucket: Bucket,
  input: ListVersionsInput,
): Promise<ListVersionsResult> {
  const items: Item[] = [];
  if (input.max === 0 || !fitsKeys(input.prefix)) return { items, more: false };
  let start = await startOf(core, bucket, input);
  for (;;) {
    const limit = chunkOf(input.max - items.length);
    const { found, more } = await settledPiece(core, bucket, input, start, limit);
    for (const one of found) items.push(await itemOf(core, bucket, one));
    const last = found.at(-1);
    if (last === undefined || !more || items.length >= input.max) return { items, more };
    start = await startAfter(core, last);
    await breathe();
  }
}

async function startOf(core: Core, bucket: Bucket, input: ListVersionsInput): Promise<Start> {
  const { keyMarker, versionIdMarker, afterIsGroup } = input;
  if (keyMarker === "") return { pointer: undefined, version: undefined };
  const place = placeOfText(bucket.id, keyMarker);
  if (afterIsGroup) {
    const group = { after: place, afterIsGroup: true };
    return { pointer: group, version: group };
  }
  if (versionIdMarker === undefined || !fitsKeys(keyMarker)) {
    const version = { after: concat(place, SEPARATOR), afterIsGroup: true };
    return { pointer: { after: place, afterIsGroup: false }, version };
  }
  const start = startWithin(place, await sequenceOf(core, bucket, keyMarker, versionIdMarker));
  return isRow(bucket, input, place) ? start : { ...start, within: undefined };
}

/** Of the null version it stands in the pointer row; where that has gone, the key's versions are shown once more. */
async function sequenceOf(
  core: Core,
  bucket: Bucket,
  keyMarker: string,
  versionId: string,
): Promise<number | undefined> {
  const selector = parseVersionId(versionId);
  if (selector.kind === "sequence") return selector.sequence;
  const standing = await core.publisher.select(targetOf(bucket, parseObjectKey(keyMarker)), selector);
  return standing?.version.sequence;
}

/** Whether the list shows this key itself: not within a group, not outside the prefix. */
function isRow(bucket: Bucket, { prefix, delimiter }: ListVersionsInput, place: Uint8Array): boolean {
  const from = placeOfText(bucket.id, prefix);
  return startsWith(place, from) && groupLength(place, from.length, escapeText(delimiter), undefined) === 0;
}

function startWithin(pointer: Uint8Array, sequence: number | undefined): Start {
  return {
    pointer: { after: pointer, afterIsGroup: false },
    version: {
      after: sequence === undefined ? pointer : versionKey(pointer, sequence),
      afterIsGroup: false,
    },
    within: { pointer, below: sequence ?? Number.POSITIVE_INFINITY },
  };
}

async function startAfter(core: Core, { table, item }: Found): Promise<Start> {
  if (item.kind === "group") {
    const group = positionOf(item);
    return { pointer: group, version: group };
  }
  const { row } = item;
  if (table === "version") return startWithin(pointerOf(row.key), keyOfVersion(row.key).sequence);
  const { value: version } = await core.records.open(versionCodec, table, row, false);
  return startWithin(row.key, version.sequence);
}

async function settledPiece(
  core: Core,
  bucket: Bucket,
  input: ListVersionsInput,
  start: Start,
  limit: number,
): Promise<Piece> {
  for (let tries = 1; ; tries++) {
    const piece = await readPiece(core, bucket, input, start, limit);
    if (tries === LIST_TORN_READS_MAX || (await isUntorn(core, piece, start))) return piece;
  }
}

async function readPiece(
  core: Core,
  bucket: Bucket,
  input: ListVersionsInput,
  start: Start,
  limit: number,
): Promise<Piece> {
  const { store } = core.records;
  const groups = {
    prefix: placeOfText(bucket.id, input.prefix),
    delimiter: escapeText(input.delimiter),
    terminator: SEPARATOR,
  };
  const cursors = (["head", "marker", "version"] as const).map((table) => ({
    table,
    cursor: new Cursor(store, table, groups, table === "version" ? start.version : start.pointer),
  }));
  const current = await currentOf(core, start.within);
  const found: Found[] = current !== undefined && current.isNext ? [current.found] : [];
  for (;;) {
    let least: { readonly table: Table; readonly cursor: Cursor; readonly item: GroupItem } | undefined;
    for (const { table, cursor } of cursors) {
      await cursor.fill(Math.min(limit + 1 - found.length, LIST_CHUNK_ROWS));
      const item = cursor.head;
      if (item === undefined) continue;
      if (least === undefined || compareKeys(keyOfItem(item), keyOfItem(least.item)) < 0) {
        least = { table, cursor, item };
      }
    }
    if (least === undefined) return { found, more: false, current: current?.row };
    if (found.length === limit) return { found, more: true, current: current?.row };
    found.push({ table: least.table, item: least.item });
    dropEqual(cursors, least.item);
  }
}

/** The current version of a key that is shown in part, and whether it has been promoted from among those to come. */
async function currentOf(
  core: Core,
  within: Within | undefined,
): Promise<{ readonly row: Row; readonly found: Found; readonly isNext: boolean } | undefined> {
  if (within === undefined) return undefined;
  const { records } = core;
  const key = within.pointer;
  const [head, marker] = await records.store.get([
    { table: "head", key },
    { table: "marker", key },
  ]);
  const row = head ?? marker;
  if (row === undefined) return undefined;
  const table = head === undefined ? "marker" : "head";
  const { value: version } = await records.open(versionCodec, table, row, false);
  const found: Found = { table, item: { kind: "row", row } };
  return { row, found, isNext: version.sequence < within.below };
}

/** A group shows once, in however many tables it has rows; of a pointer met in both tables `head` shows. */
function dropEqual(cursors: readonly { readonly cursor: Cursor }[], taken: GroupItem): void {
  for (const { cursor } of cursors) {
    const { head } = cursor;
    if (head !== undefined && compareKeys(keyOfItem(head), keyOfItem(taken)) === 0) cursor.take();
  }
}

/** Whether every key of the piece still has the pointer that was read (or none, where it was read before). */
async function isUntorn(core: Core, { found, current }: Piece, { within }: Start): Promise<boolean> {
  const seen = new Map<string, Row | undefined>();
  const pointers = new Map<string, Uint8Array>();
  if (within !== undefined) {
    const name = nameOf(within.pointer);
    seen.set(name, current);
    pointers.set(name, within.pointer);
  }
  for (const { table, item } of found) {
    if (item.kind === "group") continue;
    const pointer = table === "version" ? pointerOf(item.row.key) : item.row.key;
    const name = nameOf(pointer);
    pointers.set(name, pointer);
    if (table !== "version") seen.set(name, item.row);
    else if (!seen.has(name)) seen.set(name, undefined);
  }
  const keys = [...pointers.values()].flatMap((key): RowKey[] => [
    { table: "head", key },
    { table: "marker", key },
  ]);
  const rows = await core.records.store.get(keys);
  let at = 0;
  for (const name of pointers.keys()) {
    const now = rows[at] ?? rows[at + 1];
    at += 2;
    const before = seen.get(name);
    if ((now === undefined) !== (before === undefined)) return false;
    if (now !== undefined && before !== undefined && !sameBytes(now.rev, before.rev)) return false;
  }
  return true;
}

const nameOf = (pointer: Uint8Array): string => Buffer.from(pointer).toString("latin1");

const SUFFIX_BYTES = 10;
const pointerOf = (versionRow: Uint8Array): Uint8Array =>
  versionRow.subarray(0, versionRow.length - SUFFIX_BYTES);

async function itemOf(core: Core, bucket: Bucket, { table, item }: Found): Promise<Item> {
  if (item.kind === "group") return { kind: "group", prefix: keyOfPointer(item.prefix) };
  return { kind: "version", version: await versionOf(core, bucket, table, item.row) };
}

async function versionOf(core: Core, bucket: Bucket, table: Table, row: Row): Promise<ListedVersion> {
  const { value: version } = await core.records.open(versionCodec, table, row, false);
  const key = table === "version" ? keyOfVersion(row.key).key : keyOfPointer(row.key);
  const common = {
    key,
    versionId: versionIdOf(version),
    latest: table !== "version",
    lastModifiedMs: version.lastModifiedMs,
  };
  if (version.kind === "marker") return { ...common, etag: "", size: 0, deleteMarker: true };
  if (version.key !== key || !sameBucket(version, bucket)) {
    throw new IntegrityError("a version stands under another key");
  }
  return { ...common, ...shownOf(version), deleteMarker: false };
}
