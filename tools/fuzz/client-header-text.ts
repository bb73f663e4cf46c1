/** What S3 makes of non-ASCII metadata, undone: any text gives some text. */
import { readFileSync } from "node:fs";
import { decodeHeaderText } from "../../packages/client/src/envelope/header-text.ts";
import type { FuzzTarget } from "./target.ts";

const VECTORS = new URL("../../testdata/s3-encryption-client/", import.meta.url);
const load = (name: string) => JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));

export const target: FuzzTarget = {
  seeds: load("metadata-double-encoding.json").cases.map((c: { headerFromS3: string }) =>
    Buffer.from(c.headerFromS3, "latin1"),
  ),
  run(bytes) {
    decodeHeaderText(Buffer.from(bytes).toString("latin1"));
  },
};
