/**
 * `strongroom verify`: is everything there, and is it what was written? Without any key but the store's own: every record,
 * every location, the CRC32C of every stored byte, SSE-S3's envelopes and DSSE's outer ones, key material, and the lists
 * that guard against rollback. KMS envelopes are opened only as a principal named with `--as`, whose rights are checked
 * as for a request; SSE-C ones only with keys given. It changes nothing and may run beside a server.
 */
import { rangeOf } from "../../kms/row-keys.ts";
import { verifyKeys } from "../../kms/verify.ts";
import { type Verified, type VerifyOptions, verifyVersions } from "../../objects/verify.ts";
import { RECORD_TABLES, verifyRecords } from "../../objects/verify-records.ts";
import { hexOf } from "../../store/key-order.ts";
import type { TableName } from "../../store/port.ts";
import { type CountedRange, verifyLists } from "../../store/verify-lists.ts";
import type { Engine } from "../engine.ts";
import { bucketNames } from "./bucket-names.ts";
import type { Job } from "./job.ts";
import { callerOf, readCustomerKey } from "./job-caller.ts";
import { Progress } from "./progress.ts";
import { UnreferencedSearch } from "./unreferenced.ts";
import { VerifyReport } from "./verify-report.ts";

const VERSION_TABLES: readonly TableName[] = ["head", "marker", "version"];

/** Records that decide access or encryption stand in lists. */
const COUNTED: readonly CountedRange[] = [
  { table: "account", from: new Uint8Array() },
  { table: "credential", from: new Uint8Array() },
  { table: "bucket", from: new Uint8Array() },
  // Those of an account, whose number they begin with; others only lead to them.
  { table: "identity", from: Uint8Array.of(0x30), to: Uint8Array.of(0x3a) },
  { table: "kms", ...rangeOf("key") },
  { table: "kms", ...rangeOf("grant") },
];

export const verify: Job = async (engine, { options }, output) => {
  const as = valuesOf(options.get("as"))[0];
  const customerKeys = valuesOf(options.get("ssec-key")).map(readCustomerKey);
  const wanted: VerifyOptions = {
    customerKeys,
    deep: options.has("deep"),
    ...(as === undefined ? {} : { as: await callerOf(engine, as) }),
  };
  const report = new VerifyReport(output, options.has("json"));
  const tables = [...RECORD_TABLES, ...VERSION_TABLES];
  const progress = new Progress(
    output,
    tables.reduce((sum, table) => sum + engine.store.rowCount(table), 0),
  );
  using search = new UnreferencedSearch();
  await search.begin(engine, progress);
  for await (const row of verifyRecords(engine.objects.core)) {
    report.record(row);
    progress.step("records");
  }
  await versions(engine, wanted, report, search, progress);
  for await (const list of verifyLists(engine.records, COUNTED)) report.list(list);
  for await (const key of verifyKeys(engine.kms)) report.key(key);
  report.unreferenced(await search.end(engine));
  for (const key of customerKeys) key[Symbol.dispose]();
  return report.finish();
};

async function versions(
  engine: Engine,
  options: VerifyOptions,
  report: VerifyReport,
  search: UnreferencedSearch,
  progress: Progress,
): Promise<void> {
  let names: ReadonlyMap<string, string> | undefined;
  for await (const version of verifyVersions(engine.objects.core, options)) {
    progress.step("versions", version.storedBytes);
    search.version(version);
    if (version.problems.length > 0) names ??= await bucketNames(engine);
    report.version(version, () => nameOf(names, version));
  }
}

/** A bucket that is gone, or whose record is damaged, has only its id. */
const nameOf = (names: ReadonlyMap<string, string> | undefined, { bucketId }: Verified): string =>
  names?.get(hexOf(bucketId)) ?? `(id ${hexOf(bucketId)})`;

const valuesOf = (option: readonly string[] | true | undefined): readonly string[] =>
  option === undefined || option === true ? [] : option;
