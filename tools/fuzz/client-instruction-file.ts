/** Instruction files: accepted ones print and parse to themselves. */
import { readFileSync } from "node:fs";
import { parseInstructionFile } from "../../packages/client/src/envelope/instruction-file.ts";
import { writeJsonMap } from "../../packages/client/src/envelope/json-map.ts";
import { S3EncryptionError } from "../../packages/client/src/errors.ts";
import type { FuzzTarget } from "./target.ts";

const VECTORS = new URL("../../testdata/s3-encryption-client/", import.meta.url);
const load = (name: string) => JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));
const derived = load("derived-objects.json");
const objects: { objectMetadata: object; instructionFile?: object }[] = [
  ...derived.objects,
  ...derived.negative,
];
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Our own errors are answers; anything else is a bug. */
function allow(error: unknown): void {
  if (!(error instanceof S3EncryptionError)) throw error;
}

export const target: FuzzTarget = {
  seeds: objects.flatMap(({ instructionFile }) =>
    instructionFile === undefined ? [] : [bytesOf(instructionFile)],
  ),
  run(bytes) {
    try {
      const map = parseInstructionFile(bytes);
      for (const [name, value] of map)
        if (typeof name !== "string" || typeof value !== "string") throw new Error("not strings");
      const again = parseInstructionFile(new TextEncoder().encode(writeJsonMap(map)));
      if (again.size !== map.size) throw new Error("parse after print is not the identity");
    } catch (error) {
      allow(error);
    }
  },
};
