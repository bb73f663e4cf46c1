/** The envelope of a client-side encrypted object, from metadata and instruction file: an attacker's bytes before any key. */
import { readFileSync } from "node:fs";
import { parseInstructionFile } from "../../packages/client/src/envelope/instruction-file.ts";
import { readEnvelope } from "../../packages/client/src/envelope/read.ts";
import { S3EncryptionError } from "../../packages/client/src/errors.ts";
import type { FuzzTarget } from "./target.ts";

const VECTORS = new URL("../../testdata/s3-encryption-client/", import.meta.url);
const load = (name: string) => JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));
const derived = load("derived-objects.json");
const objects: { objectMetadata: object; instructionFile?: object }[] = [
  ...derived.objects,
  ...derived.negative,
];

/** Our own errors are answers; anything else is a bug. */
function allow(error: unknown): void {
  if (!(error instanceof S3EncryptionError)) throw error;
}

/** Metadata as lines of `name: value`, so that a mutation can reach both sides and the line's very existence. */
function metadataLines(bytes: Uint8Array): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const line of Buffer.from(bytes).toString("latin1").split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) metadata[line.slice(0, at)] = line.slice(at + 2);
  }
  return metadata;
}

export const target: FuzzTarget = {
  seeds: objects.map(({ objectMetadata, instructionFile }) => {
    const lines = Object.entries(objectMetadata).map(([name, value]) => `${name}: ${value}`);
    return new TextEncoder().encode([...lines, "", JSON.stringify(instructionFile ?? {})].join("\n"));
  }),
  async run(bytes) {
    const text = Buffer.from(bytes).toString("latin1");
    const split = text.indexOf("\n\n");
    const head = split < 0 ? text : text.slice(0, split);
    const file = split < 0 ? undefined : Buffer.from(text.slice(split + 2), "latin1");
    try {
      const loadFile = async () => (file === undefined ? undefined : parseInstructionFile(file));
      const envelope = await readEnvelope(metadataLines(Buffer.from(head, "latin1")), loadFile);
      if (envelope.wrapped.length === 0) throw new Error("an empty wrapped key was accepted");
      if (envelope.format === "V3" && envelope.commitment.length !== 28) throw new Error("commitment length");
    } catch (error) {
      allow(error);
    }
  },
};
