/** How far a rewrap is, in a row of its own: a command that was cut goes on there when it is run again. */
import { z } from "zod";
import { IntegrityError } from "../../base/errors.ts";
import { type Codec, msgpackCodec } from "../../store/codec.ts";
import { TABLES } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import { commitSettled } from "../../store/retry.ts";

const bytes = z.custom<Uint8Array>((v) => v instanceof Uint8Array);
const schema = z.strictObject({
  /** Of the metadata key: progress towards another term is none. */
  term: z.number(),
  table: z.enum(TABLES),
  after: bytes.optional(),
  /** Rows that this pass has left so far. */
  missed: z.number(),
});
export type RecordsProgress = z.output<typeof schema>;

const bucketSchema = z.strictObject({
  epoch: z.number(),
  table: z.enum(["head", "version"]),
  after: bytes.optional(),
  looked: z.number(),
  rewrapped: z.number(),
  missed: z.number(),
});
export type BucketProgress = z.output<typeof bucketSchema>;

function codecOf<T>(shape: z.ZodType<T>): Codec<T> {
  return msgpackCodec(1, (body) => {
    const parsed = shape.safeParse(body);
    if (!parsed.success) throw new IntegrityError("a progress row does not parse", parsed.error);
    return parsed.data;
  });
}
const recordsCodec = codecOf(schema);
const bucketCodec = codecOf(bucketSchema);

const encoder = new TextEncoder();
const RECORDS_ROW = encoder.encode("rewrap/records");
const bucketRow = (bucketId: Uint8Array): Uint8Array =>
  encoder.encode(`rewrap/bucket/${Buffer.from(bucketId).toString("hex")}`);

class ProgressRow<T> {
  readonly #records: Records;
  readonly #codec: Codec<T>;
  readonly #key: Uint8Array;

  constructor(records: Records, codec: Codec<T>, key: Uint8Array) {
    this.#records = records;
    this.#codec = codec;
    this.#key = key;
  }

  async load(): Promise<T | undefined> {
    try {
      return (await this.#records.get(this.#codec, "system", this.#key))?.value;
    } catch (error) {
      // Left by a command that was cut before the term that sealed it was removed: then there is nothing to go on with.
      if (error instanceof IntegrityError) return undefined;
      throw error;
    }
  }
  async save(value: T): Promise<void> {
    await commitSettled(this.#records.store, {
      put: [this.#records.seal(this.#codec, "system", this.#key, value)],
    });
  }
  async clear(): Promise<void> {
    await commitSettled(this.#records.store, { delete: [{ table: "system", key: this.#key }] });
  }
}

export const recordsProgress = (records: Records): ProgressRow<RecordsProgress> =>
  new ProgressRow(records, recordsCodec, RECORDS_ROW);
export const bucketProgress = (records: Records, bucketId: Uint8Array): ProgressRow<BucketProgress> =>
  new ProgressRow(records, bucketCodec, bucketRow(bucketId));
