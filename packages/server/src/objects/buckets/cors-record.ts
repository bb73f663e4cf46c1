/**
 * The rules of a bucket for other origins (table `config`, by bucket id), pinned by the bucket record as the policy is.
 *
 *     cors = format(1) = 1 || revision(16) || rules(1) || each: id(1) [|| LP(id)] || maxAge(1) [|| seconds(4)]
 *            || four lists (origins, methods, headers, exposed): count(4) || LP(value) each
 */
import { Reader, Writer } from "@strongroom/crypto";
import { asId, type BucketId, type Rev } from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import type { RowKey } from "../../store/port.ts";
import type { CorsRule } from "../api.ts";
import { parsed } from "../rows/codecs.ts";
import { configRow } from "./bucket-record.ts";

export interface CorsRecord {
  readonly revision: Rev;
  readonly rules: readonly CorsRule[];
}

export const corsRow = (id: BucketId): RowKey => configRow(id, "cors");

export const corsCodec: Codec<CorsRecord> = {
  version: 1,
  encode: ({ revision, rules }) => {
    const out = new Writer(1024).u8(1).fixed(revision, 16).u8(rules.length);
    for (const rule of rules) writeRule(out, rule);
    return out.done();
  },
  decode: (body) =>
    parsed("a CORS record", () => {
      const reader: Reader = new Reader(body, "CORS record");
      if (reader.u8() !== 1) reader.fail("unknown format");
      const revision = asId<Rev>(reader.take(16).slice());
      const rules = Array.from({ length: reader.u8() }, () => readRule(reader));
      reader.end();
      return { revision, rules };
    }),
};

function writeRule(out: Writer, rule: CorsRule): void {
  if (rule.id === undefined) out.u8(0);
  else out.u8(1).lpText(rule.id);
  if (rule.maxAgeSeconds === undefined) out.u8(0);
  else out.u8(1).u32(rule.maxAgeSeconds);
  for (const list of [rule.origins, rule.methods, rule.headers, rule.exposed]) {
    out.u32(list.length);
    for (const value of list) out.lpText(value);
  }
}

function readRule(reader: Reader): CorsRule {
  const id = reader.u8() === 0 ? undefined : reader.lpText();
  const maxAgeSeconds = reader.u8() === 0 ? undefined : reader.u32();
  const [origins, methods, headers, exposed] = [list(reader), list(reader), list(reader), list(reader)];
  return {
    ...(id === undefined ? {} : { id }),
    origins,
    methods,
    headers,
    exposed,
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  };
}

function list(reader: Reader): readonly string[] {
  const count = reader.u32();
  // Each value takes four bytes at least: a false count must not make an array of its own size.
  if (count > reader.left / 4) reader.fail("a list longer than the record");
  return Array.from({ length: count }, () => reader.lpText());
}
