/** What S3 makes of non-ASCII metadata, undone: any text gives some text. */
import { readFileSync } from "node:fs";
import { decodeHeaderText } from "../../packages/client/src/envelope/header-text.ts";
import type { FuzzTarget } from "./target.ts";

const VECTORS = new URL("../../testdata/metadata/double-encoding.json", import.meta.url);

export const target: FuzzTarget = {
  seeds: JSON.parse(readFileSync(VECTORS, "utf8")).cases.map((c: { headerFromS3: string }) =>
    Buffer.from(c.headerFromS3, "latin1"),
  ),
  run(bytes) {
    decodeHeaderText(Buffer.from(bytes).toString("latin1"));
  },
};
