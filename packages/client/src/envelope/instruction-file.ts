/** The text of an instruction file (spec section 7). Fetching it is the operations' business. */
import { fail } from "../errors.ts";
import { parseJsonMap, type StringMap, writeJsonMap } from "./json-map.ts";
import { ENVELOPE_NAMES, INSTRUCTION_FILE_BYTES_MAX, OBJECT_ONLY_NAMES } from "./names.ts";

/** Parses and checks the names; throws MalformedInstructionFile or InstructionFileTampered. */
export function parseInstructionFile(bytes: Uint8Array): StringMap {
  if (bytes.length > INSTRUCTION_FILE_BYTES_MAX) fail("MalformedInstructionFile", "too large");
  const map = parseJsonMap(decodeUtf8(bytes), true);
  if (map === undefined) fail("MalformedInstructionFile", "not a flat JSON object");
  for (const name of map.keys()) {
    // Also when the same values are on the object: a file must never be able to replace them.
    if (OBJECT_ONLY_NAMES.includes(name)) fail("InstructionFileTampered", name);
    if (name.startsWith("x-amz-") && !ENVELOPE_NAMES.has(name))
      fail("MalformedInstructionFile", "unknown x-amz- name");
  }
  return map;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return fail("MalformedInstructionFile", "not UTF-8", cause);
  }
}

export function writeInstructionFile(entries: StringMap): string {
  return writeJsonMap(entries);
}
