/** CloudTrail's protocol through the AWS SDK: LookupEvents with its attributes and pages, keys, trails. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  CloudTrailClient,
  DescribeTrailsCommand,
  type Event,
  ListPublicKeysCommand,
  ListTrailsCommand,
  type LookupAttributeKey,
  LookupEventsCommand,
  type LookupEventsCommandInput,
} from "@aws-sdk/client-cloudtrail";
import { CreateKeyCommand, DescribeKeyCommand, EncryptCommand } from "@aws-sdk/client-kms";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { ACCESS_KEY_ID, command, CREDENTIALS, serve, temporaryDirectory } from "./serve.ts";

const ACCOUNT = "000000000000";

test("the SDK looks up events by every attribute, in pages, and finds keys and trails", async (t) => {
  const data = temporaryDirectory();
  const server = await serve({ data });
  t.after(() => server.killAll());
  const client = new CloudTrailClient({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: CREDENTIALS,
  });
  const kms = server.kms();
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata?.KeyId ?? "";
  for (let n = 0; n < 7; n++) await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(`${n}`) }));
  await kms.send(new DescribeKeyCommand({ KeyId: "00000000-0000-4000-8000-000000000000" })).catch(() => {});
  await server.s3().send(new CreateBucketCommand({ Bucket: "ledger" }));
  await server.s3().send(new PutObjectCommand({ Bucket: "ledger", Key: "k", Body: "x" }));

  const lookup = async (input: LookupEventsCommandInput): Promise<readonly Event[]> =>
    (await client.send(new LookupEventsCommand(input))).Events ?? [];
  const by = (AttributeKey: LookupAttributeKey, AttributeValue: string): Promise<readonly Event[]> =>
    lookup({ LookupAttributes: [{ AttributeKey, AttributeValue }] });
  const names = (events: readonly Event[]): readonly string[] =>
    [...new Set(events.map(({ EventName = "" }) => EventName))].toSorted();

  const all = await lookup({});
  assert.equal(
    all.some(({ EventName }) => EventName === "PutObject"),
    false,
    "data events are not among them",
  );
  assert.deepEqual(
    all.map(({ EventTime }) => EventTime?.getTime() ?? 0),
    all.map(({ EventTime }) => EventTime?.getTime() ?? 0).toSorted((a, b) => b - a),
  );
  const encrypts = await by("EventName", "Encrypt");
  assert.equal(encrypts.length, 7);
  const [newest] = encrypts;
  assert.ok(newest);
  assert.equal(newest.Username, "root");
  assert.equal(newest.AccessKeyId, ACCESS_KEY_ID);
  assert.equal(newest.EventSource, "kms.amazonaws.com");
  assert.equal(newest.ReadOnly, "true");
  assert.deepEqual(newest.Resources, [{ ResourceType: "AWS::KMS::Key", ResourceName: KeyMetadata?.Arn }]);
  const record: unknown = JSON.parse(newest.CloudTrailEvent ?? "");
  assert.equal(Reflect.get(Object(record), "eventID"), newest.EventId);

  assert.deepEqual(
    (await by("EventId", newest.EventId ?? "")).map(({ EventId }) => EventId),
    [newest.EventId],
  );
  assert.deepEqual(names(await by("EventSource", "s3.amazonaws.com")), ["CreateBucket"]);
  assert.deepEqual(names(await by("ResourceName", "ledger")), ["CreateBucket"]);
  assert.deepEqual(names(await by("ResourceName", KeyId)), ["CreateKey", "Encrypt"]);
  assert.deepEqual(names(await by("ResourceType", "AWS::S3::Bucket")), ["CreateBucket"]);
  assert.ok(names(await by("ReadOnly", "false")).includes("CreateKey"));
  assert.equal(names(await by("ReadOnly", "false")).includes("Encrypt"), false);
  assert.equal((await by("Username", "nobody")).length, 0);
  assert.ok((await by("AccessKeyId", ACCESS_KEY_ID)).length >= 9);

  const paged: string[] = [];
  for (let NextToken: string | undefined, pages = 0; pages < 10; pages++) {
    const page = await client.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "Encrypt" }],
        MaxResults: 3,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    paged.push(...(page.Events ?? []).map(({ EventId = "" }) => EventId));
    NextToken = page.NextToken;
    if (NextToken === undefined) break;
  }
  assert.deepEqual(
    paged,
    encrypts.map(({ EventId }) => EventId),
  );
  const hour = 3_600_000;
  assert.equal((await lookup({ StartTime: new Date(Date.now() + hour) })).length, 0);
  assert.equal((await lookup({ EndTime: new Date(Date.now() - hour) })).length, 0);

  assert.deepEqual((await client.send(new ListPublicKeysCommand({}))).PublicKeyList, []);
  assert.deepEqual((await client.send(new ListTrailsCommand({}))).Trails, []);
  const exported = await command([
    "audit",
    "export",
    "--data",
    data,
    "--out",
    `${data}/out`,
    "--for-bucket",
    "archive",
    "--prefix",
    "a/b",
  ]);
  assert.equal(exported.code, 0, exported.err);
  const keys = (await client.send(new ListPublicKeysCommand({}))).PublicKeyList ?? [];
  assert.equal(keys.length, 1);
  assert.match(keys[0]?.Fingerprint ?? "", /^[0-9a-f]{32}$/);
  const { trailList = [] } = await client.send(new DescribeTrailsCommand({}));
  assert.deepEqual(
    trailList.map(({ TrailARN, S3BucketName, S3KeyPrefix }) => [TrailARN, S3BucketName, S3KeyPrefix]),
    [[`arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/strongroom`, "archive", "a/b"]],
  );
});

test("an export is shown to the first account and to the bucket's owner where it is said to be its, not to every account", async (t) => {
  const data = temporaryDirectory();
  const bootstrap = join(data, "bootstrap.json");
  const keys = ["111111111111", "222222222222"].map((id) => ({
    accessKeyId: `root-of-${id}`,
    secretAccessKey: `secret-of-${id}`,
  }));
  writeFileSync(
    bootstrap,
    JSON.stringify({
      accounts: keys.map((key) => ({ id: key.accessKeyId.slice("root-of-".length), accessKeys: [key] })),
      buckets: [
        { account: "111111111111", name: "archive" },
        // Called as one in some other store.
        { account: "222222222222", name: "elsewhere" },
      ],
    }),
  );
  const server = await serve({ data, args: ["--bootstrap", bootstrap] });
  t.after(() => server.killAll());
  const exporting = (trail: string, bucket: string, ...more: readonly string[]) => {
    const options = ["--data", data, "--out", join(data, trail), "--for-bucket", bucket, "--trail", trail];
    return command(["audit", "export", ...options, ...more]);
  };
  const wrong = await exporting("own", "archive", "--bucket-owner", "222222222222");
  assert.deepEqual([wrong.code, /no bucket of account 222222222222/.test(wrong.err)], [2, true], wrong.err);
  for (const exported of [
    await exporting("own", "archive", "--bucket-owner", "111111111111"),
    await exporting("away", "elsewhere"),
  ])
    assert.equal(exported.code, 0, exported.err);
  const trails = async (credentials: typeof CREDENTIALS): Promise<readonly unknown[]> => {
    const client = new CloudTrailClient({ endpoint: server.endpoint, region: "us-east-1", credentials });
    const { trailList = [] } = await client.send(new DescribeTrailsCommand({}));
    const { Trails = [] } = await client.send(new ListTrailsCommand({}));
    assert.deepEqual(
      Trails.map(({ Name }) => Name),
      trailList.map(({ Name }) => Name),
    );
    const named = await client.send(new DescribeTrailsCommand({ trailNameList: ["own", "away"] }));
    assert.equal(named.trailList?.length, trailList.length);
    return trailList.map(({ S3BucketName }) => S3BucketName);
  };
  const [owner, stranger] = keys;
  assert.ok(owner && stranger);
  assert.deepEqual(await trails({ ...CREDENTIALS }), ["elsewhere", "archive"]);
  assert.deepEqual(await trails({ ...owner }), ["archive"]);
  assert.deepEqual(await trails({ ...stranger }), []);
});
