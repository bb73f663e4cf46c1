/**
 * Fuzz targets of the client package: the parsers that see an attacker's bytes before any key. Each may only return or
 * throw the catalogue's error; `run` throws for anything else, which is a find.
 */
import { readFileSync } from "node:fs";
import { parseRange } from "../../packages/client/src/content/range.ts";
import { decodeHeaderText } from "../../packages/client/src/envelope/header-text.ts";
import { parseInstructionFile } from "../../packages/client/src/envelope/instruction-file.ts";
import { parseJsonMap, writeJsonMap } from "../../packages/client/src/envelope/json-map.ts";
import { readEnvelope } from "../../packages/client/src/envelope/read.ts";
import { S3EncryptionError } from "../../packages/client/src/errors.ts";

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Throws, or rejects, only when it found a bug. */
  run(bytes: Uint8Array): void | Promise<void>;
}

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

/** Metadata as lines of `name: value`, so that a mutation can reach both sides and the line's very existence. */
function metadataLines(bytes: Uint8Array): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const line of Buffer.from(bytes).toString("latin1").split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) metadata[line.slice(0, at)] = line.slice(at + 2);
  }
  return metadata;
}

export const metadataTarget: FuzzTarget = {
  name: "client-metadata",
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

export const instructionFileTarget: FuzzTarget = {
  name: "client-instruction-file",
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

export const jsonMapTarget: FuzzTarget = {
  name: "client-json-map",
  seeds: ['{"a":"b"}', '{"\\u00e5":"\\/", "b" : null}', '{"n":-1.5e3}', "{}"].map((s) =>
    new TextEncoder().encode(s),
  ),
  run(bytes) {
    const text = new TextDecoder().decode(bytes);
    const map = parseJsonMap(text);
    if (map === undefined) return;
    // Whatever we accept, JSON.parse accepts with the same values: we are stricter, never laxer.
    const reference: Record<string, unknown> = JSON.parse(text);
    for (const [name, value] of map)
      if (name !== "__proto__" && reference[name] !== value)
        throw new Error(`differs at ${JSON.stringify(name)}`);
  },
};

export const headerTextTarget: FuzzTarget = {
  name: "client-header-text",
  seeds: load("metadata-double-encoding.json").cases.map((c: { headerFromS3: string }) =>
    Buffer.from(c.headerFromS3, "latin1"),
  ),
  run(bytes) {
    decodeHeaderText(Buffer.from(bytes).toString("latin1"));
  },
};

export const rangeTarget: FuzzTarget = {
  name: "client-range",
  seeds: ["bytes=0-15", "bytes=5-", "bytes=-5"].map((s) => new TextEncoder().encode(s)),
  run(bytes) {
    try {
      const range = parseRange(Buffer.from(bytes).toString("latin1"));
      if (
        "suffix" in range
          ? !(range.suffix > 0)
          : !(range.first >= 0 && (range.last ?? range.first) >= range.first)
      )
        throw new Error("a nonsense range was accepted");
    } catch (error) {
      allow(error);
    }
  },
};

export const targets: readonly FuzzTarget[] = [
  metadataTarget,
  instructionFileTarget,
  jsonMapTarget,
  headerTextTarget,
  rangeTarget,
];
