/** What somebody did to the rows and files of a stopped store, as `verify` finds it: one change a time, then put back. */
import assert from "node:assert/strict";
import { appendFileSync, readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AddUserToGroupCommand, CreateGroupCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateGrantCommand, CreateKeyCommand } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { dataDir } from "../src/app/data-dir.ts";
import { newRev } from "../src/base/ids.ts";
import type { Row, RowKey, Sealed, Store, TableName } from "../src/store/port.ts";
import { onDisk } from "./on-disk.ts";
import { command, CREDENTIALS, serve, type Served, temporaryDirectory } from "./serve.ts";

const ACCOUNT = "000000000000";
const data = temporaryDirectory();

async function fill(served: Served): Promise<void> {
  const s3 = served.s3();
  const Bucket = "demo";
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: Buffer.alloc(300_000, 1) }));
  const iam = new IAMClient({
    endpoint: served.endpoint,
    region: "us-east-1",
    credentials: CREDENTIALS,
    maxAttempts: 1,
  });
  await iam.send(new CreateUserCommand({ UserName: "ann" }));
  await iam.send(new CreateGroupCommand({ GroupName: "staff" }));
  await iam.send(new AddUserToGroupCommand({ GroupName: "staff", UserName: "ann" }));
  iam.destroy();
  const kms = served.kms();
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:user/ann`;
  await kms.send(
    new CreateGrantCommand({ KeyId: KeyMetadata?.KeyId, GranteePrincipal, Operations: ["Decrypt"] }),
  );
}

/** A policy of its own, so that the row of an earlier one can be put back. */
async function setPolicy(served: Served, Sid: string): Promise<void> {
  const statement = {
    Sid,
    Effect: "Allow",
    Principal: { AWS: ACCOUNT },
    Action: "s3:GetObject",
    Resource: "arn:aws:s3:::demo/*",
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await served.s3().send(new PutBucketPolicyCommand({ Bucket: "demo", Policy }));
}

const rowsOf = async (store: Store, table: TableName): Promise<readonly Row[]> =>
  (await store.scan({ table, from: new Uint8Array(), limit: 1000 })).rows;

async function rowWith(table: TableName, text: string): Promise<RowKey & Row> {
  return onDisk(data, async (store) => {
    const found = (await rowsOf(store, table)).find(({ key }) => Buffer.from(key).includes(text));
    assert.ok(found !== undefined, `${table}: ${text}`);
    return { table, ...found };
  });
}

type Value = Sealed | undefined;
const write = (row: RowKey, value: Value): Promise<unknown> =>
  onDisk(data, (store) =>
    store.commit(
      value === undefined
        ? { id: newRev(), delete: [row] }
        : { id: newRev(), put: [{ table: row.table, key: row.key, value }] },
    ),
  );

/** The findings, as one text. */
async function verify(): Promise<string> {
  const { out } = await command(["verify", "--data", data, "--json"]);
  const { findings } = JSON.parse(out) as { readonly findings: readonly unknown[] };
  return findings.map((one) => JSON.stringify(one)).join("\n");
}

async function changed(row: RowKey & Row, value: Value, expected: RegExp): Promise<void> {
  await write(row, value);
  assert.match(await verify(), expected);
  await write(row, row.value);
}

const flipped = ({ value }: Row): Sealed => value.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) as Sealed;

test("verify finds what was changed on the disk of a stopped store", async (t) => {
  const policies: (RowKey & Row)[] = [];
  for (const Sid of ["first", "second"]) {
    const served = await serve({ data });
    t.after(() => served.killAll());
    if (Sid === "first") await fill(served);
    await setPolicy(served, Sid);
    await served.stop();
    policies.push(await rowWith("config", "policy"));
  }
  const [oldPolicy, policy] = policies;
  assert.ok(oldPolicy !== undefined && policy !== undefined);
  assert.equal(await verify(), "");

  await t.test("rows that lead to identities", async () => {
    for (const text of ["member/", "id/"]) {
      const row = await rowWith("identity", text);
      await changed(row, flipped(row), /"record","table":"identity".*does not open/);
    }
  });

  await t.test("the list of an account's identities, gone", async () => {
    const lists = await onDisk(data, async (store) => (await rowsOf(store, "list")).filter(isOfIdentities));
    assert.ok(lists.length >= 2);
    for (const { key } of lists) await write({ table: "list", key }, undefined);
    assert.match(await verify(), /"list":"every record of table identity".*stands in no list/);
    for (const { key, value } of lists) await write({ table: "list", key }, value);
  });

  await t.test("the list of a key's grants, gone", async () => {
    const lists = await onDisk(data, async (store) => (await rowsOf(store, "list")).filter(isOfGrants));
    assert.ok(lists.length >= 2);
    for (const { key } of lists) await write({ table: "list", key }, undefined);
    assert.match(await verify(), /"list":"every record of table kms".*stands in no list/);
    for (const { key, value } of lists) await write({ table: "list", key }, value);
  });

  await t.test("what a bucket's record names", async () => {
    await changed(policy, undefined, /"record","table":"bucket".*its policy: missing/);
    await changed(policy, oldPolicy.value, /"record","table":"bucket".*its policy: of another time/);
    const life = await onDisk(data, async (store) => (await rowsOf(store, "life"))[0]);
    assert.ok(life !== undefined);
    await changed({ table: "life", ...life }, undefined, /"record","table":"bucket".*neither active/);
  });

  await t.test("an epoch key cut short", async () => {
    const epoch = await onDisk(data, async (store) => (await rowsOf(store, "epoch"))[0]);
    assert.ok(epoch !== undefined);
    const short = epoch.value.subarray(0, 3) as Sealed;
    await changed({ table: "epoch", ...epoch }, short, /"table":"epoch".*an epoch key does not open/);
  });

  await t.test("a file with something behind its stream", async () => {
    const [path = ""] = blobFiles();
    const { size } = statSync(path);
    appendFileSync(path, "x");
    assert.match(await verify(), /"version".*"key":"large".*has another size than [0-9]+/);
    truncateSync(path, size);
  });

  assert.equal(await verify(), "");
  const served = await serve({ data });
  t.after(() => served.killAll());
  await served.s3().send(new DeleteBucketPolicyCommand({ Bucket: "demo" }));
  await served.stop();
  assert.equal(await verify(), "");
});

const named =
  (text: string) =>
  ({ key }: Row): boolean =>
    Buffer.from(key).includes(text);
const isOfIdentities = named(`identities/${ACCOUNT}`);
const isOfGrants = named("kms-grants/");

function blobFiles(): string[] {
  const blobs = join(dataDir(data).store, "blobs");
  return readdirSync(blobs).flatMap((shard) =>
    readdirSync(join(blobs, shard)).map((name) => join(blobs, shard, name)),
  );
}
