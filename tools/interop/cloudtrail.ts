/** The trail by `aws cloudtrail`: lookup-events, and validate-logs over an export that lies in the store's own bucket. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { REGION } from "./server.ts";
import { Failed, run, runFailing } from "./shell.ts";
import type { Context, Suite } from "./suites.ts";

const ACCOUNT = "000000000000";
const TRAIL_ARN = `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/strongroom`;
const SECOND_MS = 1000;

interface Line {
  readonly file: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export const cloudTrail: Suite = {
  name: "aws cloudtrail lookup-events, describe-trails and validate-logs",
  async run(c) {
    const { env } = c.server;
    const bucket = await c.bucket();
    const events = await run(
      "aws",
      [
        "cloudtrail",
        "lookup-events",
        "--lookup-attributes",
        "AttributeKey=EventName,AttributeValue=CreateBucket",
      ],
      env,
    );
    if (!events.includes(`"ResourceName": "arn:aws:s3:::${bucket}"`))
      throw new Failed(`the bucket's creation is not among\n${events.slice(0, 2000)}`);

    const from = new Date(Date.now() - 3600 * SECOND_MS).toISOString();
    const out = c.path("trail");
    const uploaded = new Set<string>();
    await exportTo(c, out, bucket, uploaded);
    await new Promise((done) => setTimeout(done, 1.1 * SECOND_MS));
    await exportTo(c, out, bucket, uploaded);
    const trails = await run("aws", ["cloudtrail", "describe-trails"], env);
    if (!trails.includes(TRAIL_ARN)) throw new Failed(`no trail in ${trails}`);
    const validate = [
      "cloudtrail",
      "validate-logs",
      "--trail-arn",
      TRAIL_ARN,
      "--start-time",
      from,
      "--verbose",
    ];
    const whole = await run("aws", validate, env);
    if (!/2\/2 digest files valid/.test(whole) || !/log files valid/.test(whole) || /INVALID/.test(whole))
      throw new Failed(`the export does not validate:\n${whole}`);

    const log = [...uploaded].find((name) => /\/CloudTrail\//.test(name)) ?? "";
    const text = gunzipSync(readFileSync(join(out, log))).toString();
    const Body = gzipSync(text.replace('"eventName":"', '"eventName":"X'));
    await c.s3.send(new PutObjectCommand({ Bucket: bucket, Key: log, Body }));
    await runFailing("aws", validate, env, "INVALID: hash value doesn't match");
  },
};

/** As `files.jsonl` says: a digest's signature is metadata of its object. */
async function exportTo(c: Context, out: string, bucket: string, uploaded: Set<string>): Promise<void> {
  await c.server.command("audit", "export", "--out", out, "--for-bucket", bucket);
  const lines = readFileSync(join(out, "files.jsonl"), "utf8").trim().split("\n");
  for (const text of lines) {
    const line = JSON.parse(text) as Line;
    if (uploaded.has(line.file)) continue;
    uploaded.add(line.file);
    await c.s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: line.file,
        Body: readFileSync(join(out, line.file)),
        ContentType: line.contentType,
        ContentEncoding: line.contentEncoding,
        Metadata: line.metadata,
      }),
    );
  }
}
