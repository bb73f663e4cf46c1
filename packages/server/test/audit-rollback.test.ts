/**
 * Rules put back on the disk: rows of a list of counted records replaced by older ones that fit each other. The running
 * store can't tell; the checkpoints of its trail can.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetPublicAccessBlockCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { newRev } from "../src/base/ids.ts";
import type { Row, TableName } from "../src/store/port.ts";
import { onDisk } from "./on-disk.ts";
import { command, serve, type Served, temporaryDirectory } from "./serve.ts";

const Bucket = "rules";
const TABLES = ["bucket", "list"] as const satisfies readonly TableName[];
const data = temporaryDirectory();

async function serving(use: (server: Served) => Promise<void>): Promise<void> {
  const server = await serve({ data });
  try {
    await use(server);
    await server.stop();
  } finally {
    await server.killAll();
  }
}
async function verify(): Promise<{ readonly code: number | null; readonly out: string }> {
  return command(["audit", "verify", "--data", data]);
}

test("an older state of a bucket's rules, put back whole, is found by audit verify", async () => {
  await serving(async (server) => {
    const s3 = server.s3();
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  });
  const old = await onDisk(data, async (store) => {
    const rows: (readonly [TableName, Row])[] = [];
    for (const table of TABLES) {
      const page = await store.scan({ table, from: new Uint8Array(), limit: 1000 });
      rows.push(...page.rows.map((row) => [table, row] as const));
    }
    return rows;
  });
  await serving(async (server) => {
    const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true, BlockPublicPolicy: true };
    await server.s3().send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  });
  assert.deepEqual((await verify()).code, 0);
  await onDisk(data, (store) =>
    store.commit({ id: newRev(), put: old.map(([table, { key, value }]) => ({ table, key, value })) }),
  );
  await serving(async (server) => {
    await assert.rejects(server.s3().send(new GetPublicAccessBlockCommand({ Bucket })), {
      name: "NoSuchPublicAccessBlockConfiguration",
    });
  });
  const { code, out } = await verify();
  assert.equal(code, 1);
  assert.match(
    out,
    /replayed: checkpoints record \d+: the list s3\/\d{12} is older than this checkpoint: \d+ where it had \d+/,
  );
});
