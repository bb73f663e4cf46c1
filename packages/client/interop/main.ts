/**
 * Drives the official clients and ours against a store and its KMS: every writer by every reader.
 *
 *     node packages/client/interop/main.ts [--out docs/client/interop.md] [--without go-4,go-3] [--only ours,java-4]
 *          [--endpoint URL --kms-key-id ID [--kms-endpoint URL]] [--bucket NAME]
 *
 * Without an endpoint it starts a store of its own. `--match V3/kms` drives only the
 * cells whose names contain that. `--prebuilt go-4=PATH` takes a driver that was built elsewhere.
 * The same by environment: S3EC_ENDPOINT, S3EC_KMS_ENDPOINT, S3EC_KMS_KEY_ID, with credentials in the usual AWS variables.
 * Exit code 1 when a cell that both clients support fails, or when a driver cannot be built and `--without` does not name
 * it: a missing toolchain must not look like success. A version that its registry refuses is named in the table and at
 * the end of the run, and fails nothing: no machine behind that registry can have it.
 */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { CreateBucketCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  type Cell,
  type ClientName,
  cannotRead,
  cannotWrite,
  cells,
  contextOf,
  patternBytes,
} from "./cell.ts";
import { type Answer, type Driver, ProcessDriver, type Settings } from "./driver.ts";
import { ourDriver } from "./ours.ts";
import { type Result, report } from "./report.ts";
import { ownStore } from "./store.ts";
import { buildDriver, RECIPES } from "./toolchains.ts";

const { values } = parseArgs({
  options: {
    endpoint: { type: "string", default: process.env.S3EC_ENDPOINT ?? "" },
    "kms-endpoint": { type: "string", default: process.env.S3EC_KMS_ENDPOINT ?? "" },
    "kms-key-id": { type: "string", default: process.env.S3EC_KMS_KEY_ID ?? "" },
    bucket: { type: "string", default: `interop-${randomBytes(4).toString("hex")}` },
    region: { type: "string", default: process.env.AWS_REGION ?? "us-east-1" },
    work: { type: "string", default: join(tmpdir(), "s3ec-interop") },
    out: { type: "string" },
    without: { type: "string", default: "" },
    only: { type: "string", default: "" },
    match: { type: "string", default: "" },
    prebuilt: { type: "string", multiple: true, default: [] },
  },
});
if (values.endpoint !== "" && values["kms-key-id"] === "") {
  console.error("an endpoint needs --kms-key-id (or S3EC_KMS_KEY_ID)");
  process.exit(2);
}
const store =
  values.endpoint === ""
    ? await ownStore()
    : {
        endpoint: values.endpoint,
        kmsEndpoint: values["kms-endpoint"] === "" ? values.endpoint : values["kms-endpoint"],
        kmsKeyId: values["kms-key-id"],
        region: values.region,
        stop: () => Promise.resolve(),
      };

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const settings: Settings = {
  endpoint: store.endpoint,
  kmsEndpoint: store.kmsEndpoint,
  kmsKeyId: store.kmsKeyId,
  region: store.region,
  aesKeyHex: randomBytes(32).toString("hex"),
  rsaPrivatePkcs8: rsa.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
  rsaPublicSpki: rsa.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
};

const list = (text: string): string[] => text.split(",").filter((name) => name !== "");
const [without, only] = [list(values.without), list(values.only)];
const wanted = (name: string): boolean =>
  !without.includes(name) && (only.length === 0 || only.includes(name));
const missing = new Map<string, string>(without.map((name) => [name, "left out by --without"]));
const drivers: Driver[] = (["ours", "ours-web"] as const)
  .filter(wanted)
  .map((name) => ourDriver(name, "this package", settings));
let failed = false;
for (const recipe of RECIPES.filter(({ name }) => wanted(name))) {
  const given = values.prebuilt.find((pair) => pair.startsWith(`${recipe.name}=`));
  const built =
    given === undefined
      ? buildDriver(recipe, values.work)
      : { ...recipe, command: [given.slice(recipe.name.length + 1)] };
  if ("command" in built) {
    drivers.push(new ProcessDriver(built.name, built.version, built.command, settings));
    continue;
  }
  missing.set(
    recipe.name,
    `${recipe.version} ${built.refused ? "is refused by its registry" : "cannot be built"}: ${built.why}`,
  );
  failed ||= !built.refused;
}

const results: Result[] = [];
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function read(driver: Driver, writer: ClientName, cell: Cell, key: string): Promise<Result> {
  const base = { writer, reader: driver.name, cell, written: true };
  const answer = await driver.ask({
    op: "get",
    bucket: values.bucket,
    key,
    context: contextOf(cell),
    ...cell,
  });
  if (answer.ok && answer.sha256 === digest(patternBytes(cell.size))) return { ...base, outcome: "ok" };
  const inability = cannotRead(driver.name, cell, writer);
  const error = answer.ok ? "read other bytes than were written" : answer.error;
  const note = inability === undefined ? error : `${driver.name} ${inability}: ${error}`;
  return { ...base, outcome: inability === undefined || answer.ok ? "FAILED" : "cannot", note };
}

/** Each reader is a process of its own: they read at the same time. */
async function readAll(writer: ClientName, cell: Cell, key: string, written: Answer): Promise<void> {
  if (written.ok) {
    results.push(...(await Promise.all(drivers.map((driver) => read(driver, writer, cell, key)))));
    return;
  }
  const unable = cannotWrite(writer, cell);
  const outcome = unable === undefined ? "FAILED" : "cannot";
  const note = unable === undefined ? written.error : `${writer} ${unable}: ${written.error}`;
  results.push(
    ...drivers.map(({ name }): Result => ({ writer, reader: name, cell, written: false, outcome, note })),
  );
}

/** A client that quietly writes another format than it was asked for would pass with lenient readers. */
async function asAsked(cell: Cell, key: string): Promise<Answer> {
  const { Metadata = {} } = await s3.send(new HeadObjectCommand({ Bucket: values.bucket, Key: key }));
  const file = await s3
    .send(new HeadObjectCommand({ Bucket: values.bucket, Key: `${key}.instruction` }))
    .then(() => true)
    .catch((error: Error) => (error.name === "NotFound" ? false : Promise.reject(error)));
  const isV3 = "x-amz-c" in Metadata;
  if (file !== (cell.placement === "file")) return { ok: false, error: "the envelope is in the other place" };
  // V2 keeps everything in the file.
  const isV2 = file ? !isV3 : "x-amz-cek-alg" in Metadata;
  if (cell.format === "V3" ? isV3 : isV2) return { ok: true };
  return { ok: false, error: `another format than ${cell.format} was written` };
}

const s3 = new S3Client({ endpoint: settings.endpoint, region: settings.region, forcePathStyle: true });
await s3.send(new CreateBucketCommand({ Bucket: values.bucket }));
for (const driver of drivers)
  for (const cell of cells()) {
    const key = [
      driver.name,
      cell.format,
      cell.keyring,
      cell.placement,
      cell.size,
      ...(cell.unicode ? ["unicode"] : []),
    ].join("/");
    if (!key.includes(values.match)) continue;
    let written = await driver.ask({
      op: "put",
      bucket: values.bucket,
      key,
      context: contextOf(cell),
      ...cell,
    });
    if (written.ok) written = await asAsked(cell, key);
    await readAll(driver.name, cell, key, written);
    console.error(`${key}: ${written.ok ? "written" : written.error.slice(0, 100)}`);
  }
for (const driver of drivers) driver.close();
s3.destroy();
await store.stop();

const text = report(results, drivers, missing);
console.log(text);
if (values.out !== undefined) {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, text);
}
const bad = results.filter(({ outcome }) => outcome === "FAILED");
const good = results.filter(({ outcome }) => outcome === "ok").length;
for (const { writer, reader, cell, note } of bad) console.error(`FAILED ${writer} -> ${reader}`, cell, note);
for (const [name, reason] of missing) console.log(`NOT RUN ${name}: ${reason}`);
console.log(`${good} passed, ${bad.length} failed`);
process.exitCode = failed || bad.length > 0 ? 1 : 0;
