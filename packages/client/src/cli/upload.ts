/** Uploads a stream of any length: one PutObject when it is small, else a multipart upload, part by part in order. */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { concatBytes } from "@strongroom/crypto/common";
import type { S3EncryptionClient } from "../index.ts";
import { ignore } from "../platform/web-streams.ts";

/** 10000 of them hold the 64 GiB that one AES-GCM message may have. */
const PART_BYTES = 8 * 1024 * 1024;

export type UploadFields = Omit<PutObjectCommandInput, "Body" | "ContentLength" | "Bucket" | "Key"> & {
  readonly Bucket: string;
  readonly Key: string;
};

export async function uploadStream(
  client: S3EncryptionClient,
  fields: UploadFields,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const parts = cut(chunks)[Symbol.asyncIterator]();
  const first = await parts.next();
  const body = first.done === true ? new Uint8Array(0) : first.value.bytes;
  if (first.done === true || first.value.isLast) {
    await client.send(new PutObjectCommand({ ...fields, Body: body }));
    return body.length;
  }
  return uploadParts(client, fields, body, parts);
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** Pieces of PART_BYTES, each held back until it is known whether another follows. */
async function* cut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (size + rest.length > PART_BYTES) {
      const taken = rest.subarray(0, PART_BYTES - size);
      yield { bytes: concatBytes([...held, taken]), isLast: false };
      rest = rest.subarray(taken.length);
      held = [];
      size = 0;
    }
    // A copy: a stream may reuse its buffer.
    held.push(new Uint8Array(rest));
    size += rest.length;
  }
  yield { bytes: concatBytes(held), isLast: true };
}

async function uploadParts(
  client: S3EncryptionClient,
  fields: UploadFields,
  first: Uint8Array,
  rest: AsyncIterator<Piece>,
): Promise<number> {
  const { Bucket, Key, IfMatch, IfNoneMatch, ...create } = fields;
  const at = { Bucket, Key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ...create }));
  const done: CompletedPart[] = [];
  let size = 0;
  const send = async ({ bytes, isLast }: Piece): Promise<void> => {
    const PartNumber = done.length + 1;
    const part = new UploadPartCommand({ ...at, UploadId, PartNumber, Body: bytes });
    const { ETag, ChecksumCRC32 } = await client.send(part, { isLastPart: isLast });
    done.push({ PartNumber, ETag, ChecksumCRC32 });
    size += bytes.length;
  };
  try {
    await send({ bytes: first, isLast: false });
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) await send(next.value);
    const MultipartUpload = { Parts: done };
    const conditions = { ...(IfMatch && { IfMatch }), ...(IfNoneMatch && { IfNoneMatch }) };
    await client.send(
      new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload, ...conditions }),
    );
    return size;
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...at, UploadId })).catch(ignore);
    throw error;
  }
}
