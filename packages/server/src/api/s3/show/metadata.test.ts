/** User metadata comes back mangled exactly as S3 mangles it: the pairs that an official client's tests publish. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { metadataValue } from "./metadata.ts";

const FILE = new URL(
  "../../../../../../testdata/s3-encryption-client/metadata-double-encoding.json",
  import.meta.url,
);

test("every genuine pair is reproduced to the byte", () => {
  const genuine = JSON.parse(readFileSync(FILE, "utf8")).cases.filter(
    (c: { genuineS3: boolean }) => c.genuineS3,
  );
  assert.equal(genuine.length, 27);
  for (const { value, headerFromS3 } of genuine)
    assert.equal(metadataValue(Buffer.from(value, "utf8").toString("latin1")), headerFromS3);
});
