/**
 * `strongroom verify`, this layer's part: every version's record, every location and the CRC32C of every stored stream,
 * with no key (rot); beyond that SSE-S3 and DSSE's outer layer are always opened, KMS envelopes only as a principal who is
 * given (and authorised), SSE-C only with keys that are given. It reads; it changes nothing.
 */
import {
  CryptoError,
  customerKek,
  type CustomerReference,
  decodeKekReference,
  manifestHash,
  type SecretKey,
} from "@strongroom/crypto";
import { IntegrityError, ServiceError } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import type { BlobId, ContentId } from "../base/ids.ts";
import { equalBytes } from "../store/key-order.ts";
import type { Row } from "../store/port.ts";
import { openContent, streamsOf } from "./content/open.ts";
import type { Core } from "./core.ts";
import { type OpenedVersion, openVersion, unwrapLayer } from "./encryption/envelopes.ts";
import { kekForRead } from "./encryption/keks.ts";
import { versionCodec } from "./rows/codecs.ts";
import { contentCodec, contentRow } from "./rows/content-record.ts";
import { inlineKey, keyOfPointer, keyOfVersion } from "./rows/row-keys.ts";
import { versionIdOf } from "./rows/version-id.ts";
import type { ObjectVersion, Version } from "./rows/version-record.ts";
import { checkStored } from "./verify-stream.ts";

export interface VerifyOptions {
  /** Whose KMS rights are used; absent: KMS envelopes are only checksummed. */
  readonly as?: Caller;
  readonly customerKeys?: readonly SecretKey<"customer">[];
  /** Also read and open every segment of what can be opened (slow); else envelopes and stored checksums only. */
  readonly deep?: boolean;
  /** Resume after this row. */
  readonly from?: VerifyPosition;
}
export interface VerifyPosition {
  readonly table: VerifyTable;
  readonly after: Uint8Array;
}
type VerifyTable = "head" | "marker" | "version";

export interface Verified {
  readonly position: VerifyPosition;
  readonly bucketId: Uint8Array;
  readonly key: string;
  /** Absent if the record itself is damaged. */
  readonly versionId?: string;
  /** `opened`: the envelope of every layer; `outer`: DSSE's outer one only; `checksummed`: no key at hand. */
  readonly reached: "marker" | "opened" | "outer" | "checksummed" | "damaged";
  readonly problems: readonly string[];
  /** Absent for markers and where the record is damaged. */
  readonly contentId?: ContentId;
  /** Blobs that the version refers to, for the search for unreferenced ones. */
  readonly blobs: readonly BlobId[];
  readonly storedBytes: number;
  /** `as` was given and lacks the right, or the key is disabled: no damage. */
  readonly refused?: string;
}

const TABLES: readonly VerifyTable[] = ["head", "marker", "version"];
const PAGE_ROWS = 200;
/** A version that changes as often as it is read is alive. */
const LOOKS = 5;

export async function* verifyVersions(core: Core, options: VerifyOptions = {}): AsyncGenerator<Verified> {
  const start = options.from;
  for (const table of TABLES.slice(TABLES.indexOf(start?.table ?? "head"))) {
    let after = start?.table === table ? start.after : undefined;
    for (let more = true; more; ) {
      const page = await core.records.store.scan({
        table,
        from: new Uint8Array(),
        ...(after === undefined ? {} : { after }),
        limit: PAGE_ROWS,
      });
      for (const row of page.rows) {
        const verified = await verifyStanding(core, table, row, options);
        if (verified !== undefined) yield verified;
      }
      more = page.more;
      after = page.rows.at(-1)?.key ?? after;
    }
  }
}

/** A version that changes or goes while it is looked at is no finding: what stands now is looked at again. */
async function verifyStanding(
  core: Core,
  table: VerifyTable,
  row: Row,
  options: VerifyOptions,
): Promise<Verified | undefined> {
  let looked = row;
  for (let looks = 0; looks < LOOKS; looks++) {
    const verified = await verifyRow(core, table, looked, options);
    if (verified.problems.length === 0) return verified;
    const [now] = await core.records.store.get([{ table, key: row.key }]);
    if (now === undefined) return undefined;
    if (equalBytes(now.rev, looked.rev)) return verified;
    looked = now;
  }
  return undefined;
}

async function verifyRow(
  core: Core,
  table: VerifyTable,
  row: Row,
  options: VerifyOptions,
): Promise<Verified> {
  const position = { table, after: row.key };
  const bucketId = row.key.slice(0, 16);
  const key = table === "version" ? keyOfVersion(row.key).key : keyOfPointer(row.key);
  const place = { position, bucketId, key };
  const problems: string[] = [];
  let version: Version;
  try {
    version = (await core.records.open(versionCodec, table, row, false)).value;
    checkRow(version, table, row, key);
  } catch (error) {
    problems.push(textOf(error));
    return { ...place, reached: "damaged", problems, blobs: [], storedBytes: 0 };
  }
  const named = { ...place, versionId: versionIdOf(version) };
  if (version.kind === "marker") {
    return { ...named, reached: "marker", problems, blobs: [], storedBytes: 0 };
  }
  const { blobs, storedBytes } = await verifyStreams(core, version, problems);
  if (version.shared) await verifyShared(core, version, problems);
  const reached = await verifyEnvelopes(core, version, options, problems);
  return { ...named, contentId: version.contentId, ...reached, problems, blobs, storedBytes };
}

function checkRow(version: Version, table: VerifyTable, row: Row, key: string): void {
  if (table !== "version" && (version.kind === "marker") !== (table === "marker")) {
    throw new IntegrityError("a version stands in the wrong table");
  }
  if (table === "version" && keyOfVersion(row.key).sequence !== version.sequence) {
    throw new IntegrityError("a version stands under another sequence");
  }
  if (version.kind === "marker") return;
  if (version.key !== key || !version.bucketId.every((byte, i) => byte === row.key[i])) {
    throw new IntegrityError("a version stands under another key");
  }
}

async function verifyShared(core: Core, version: ObjectVersion, problems: string[]): Promise<void> {
  try {
    const content = await core.records.get(contentCodec, "content", contentRow(version.contentId).key);
    if (content === undefined) problems.push("its content is shared, but has no row");
    else if (!content.value.references.some((uid) => equalBytes(uid, version.uid)))
      problems.push("its shared content does not know it");
  } catch (error) {
    problems.push(textOf(error));
  }
}

async function verifyStreams(
  core: Core,
  version: ObjectVersion,
  problems: string[],
): Promise<{ readonly blobs: readonly BlobId[]; readonly storedBytes: number }> {
  const blobs: BlobId[] = [];
  let storedBytes = 0;
  try {
    for await (const ref of streamsOf(core.records, version, 0, Number.POSITIVE_INFINITY, true)) {
      if (ref.location.blob !== undefined) blobs.push(ref.location.blob);
      storedBytes += ref.location.storedSize;
      const inline = inlineKey(version.contentId, ref.index);
      await checkStored(core.records.store, ref.location, inline).catch((error: unknown) => {
        problems.push(`stream ${ref.index + 1}: ${textOf(error)}`);
      });
    }
  } catch (error) {
    problems.push(textOf(error));
  }
  return { blobs, storedBytes };
}

async function verifyEnvelopes(
  core: Core,
  version: ObjectVersion,
  options: VerifyOptions,
  problems: string[],
): Promise<Pick<Verified, "reached" | "refused">> {
  try {
    const customer = customerFor(version, options);
    const kms = version.mode === "SSE-KMS" || version.mode === "DSSE-KMS";
    if ((kms && options.as === undefined) || (version.mode === "SSE-C" && customer === undefined)) {
      return { reached: await verifyOuter(core, version) };
    }
    using opened = await openVersion(core.sources, options.as ?? NOBODY, version, customer);
    if (options.deep === true) await readAll(core, version, opened);
    return { reached: "opened" };
  } catch (error) {
    // A right that the principal lacks is no damage: the version counts as checksummed only.
    if (error instanceof ServiceError) {
      const reached = await verifyOuter(core, version).catch((cause: unknown) => {
        problems.push(textOf(cause));
        return "damaged" as const;
      });
      return { reached, refused: error.code };
    }
    problems.push(textOf(error));
    return { reached: "damaged" };
  }
}

async function verifyOuter(core: Core, version: ObjectVersion): Promise<"outer" | "checksummed"> {
  const outer = version.envelopes[1];
  if (outer === undefined) return "checksummed";
  const kek = await kekForRead(core.sources, NOBODY, outer, undefined);
  using dek = unwrapLayer(version, outer, kek, manifestHash(version.manifestBytes)).dek;
  void dek;
  return "outer";
}

async function readAll(core: Core, version: ObjectVersion, opened: OpenedVersion): Promise<void> {
  const size = version.manifest.plaintextSize;
  for await (const piece of openContent(core.records, version, opened.deks, 0, size)) piece.fill(0);
}

function customerFor(version: ObjectVersion, options: VerifyOptions): SecretKey<"customer"> | undefined {
  const ref = decodeKekReference(version.envelopes[0].kekReference);
  if (ref.kind !== "customer") return undefined;
  return options.customerKeys?.find((key) => matches(key, ref));
}

function matches(key: SecretKey<"customer">, ref: CustomerReference): boolean {
  try {
    customerKek(key, ref)[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof CryptoError && error.code === "WrongKey") return false;
    throw error;
  }
}

/** No requester: enough for epoch keys, which need none. */
const NOBODY: Caller = {
  requestId: "verify",
  principal: { kind: "internal", name: "verify" },
  sessionKey: "verify",
  signature: "none",
  authType: "none",
  secureTransport: true,
  keysMayPass: true,
  sourceIp: "",
  signal: new AbortController().signal,
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : "unknown failure");
