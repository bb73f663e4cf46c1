import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { metadataValue } from "./metadata.ts";

interface Vectors {
  readonly cases: readonly {
    readonly value: string;
    readonly headerFromS3: string;
    readonly genuineS3: boolean;
  }[];
}
const path = new URL("../../../../../../testdata/metadata/double-encoding.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(path, "utf8"));

test("non-ASCII metadata comes back as S3 sends it, to the byte", () => {
  const genuine = vectors.cases.filter((c) => c.genuineS3);
  assert.equal(genuine.length, 27);
  for (const { value, headerFromS3 } of genuine) {
    // A client sends UTF-8; the socket hands it over one character per byte.
    const onTheWire = Buffer.from(value, "utf8").toString("latin1");
    assert.equal(metadataValue(onTheWire), headerFromS3, JSON.stringify(value));
  }
});

test("plain ASCII is left alone, whatever it looks like", () => {
  for (const value of ["", "a=?b_c", "=?UTF-8?Q?x?=", " ", "a\tb"]) assert.equal(metadataValue(value), value);
});
