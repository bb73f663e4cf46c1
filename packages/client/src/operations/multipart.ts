/** The multipart commands, from Create to Complete or Abort. */
import {
  type AbortMultipartUploadCommand,
  type AbortMultipartUploadCommandOutput,
  type CompletedPart,
  type CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  type CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandOutput,
  type UploadPartCommand,
  type UploadPartCommandOutput,
  UploadPartCommand as UploadPart,
} from "@aws-sdk/client-s3";
import { mergeMetadata, rejectEnvelopeNames, writeEnvelope } from "../envelope/write.ts";
import { fail } from "../errors.ts";
import { readAll } from "../platform/platform.ts";
import { ignore } from "../platform/web-streams.ts";
import { PLAINTEXT_BYTES_MAX, TAG_BYTES } from "../suites.ts";
import { rejectPlaintextChecksums } from "./caller-fields.ts";
import { withInput } from "./commands.ts";
import { type Context, type Request, target } from "./context.ts";
import { storeInstructionFile } from "./instruction-files.ts";
import { MultipartEncryption } from "./multipart-state.ts";
import { newEnvelope } from "./new-envelope.ts";
import type { Undo } from "./undo.ts";

export async function createMultipartUpload(
  context: Context,
  command: CreateMultipartUploadCommand,
  request: Request,
): Promise<CreateMultipartUploadCommandOutput> {
  const { input } = command;
  rejectEnvelopeNames(input.Metadata);
  const { envelope, content } = await newEnvelope(context, request.encryptionContext);
  let undo: Undo | undefined;
  try {
    const written = writeEnvelope(envelope);
    const Metadata = mergeMetadata(input.Metadata, written.object);
    if (written.file !== undefined) {
      const { ChecksumType: _type, ...fields } = input;
      undo = await storeInstructionFile(context, fields, target(input), written.file, request.handler);
    }
    const output = await context.s3.send(withInput(command, { ...input, Metadata }), request.handler);
    const id = output.UploadId ?? fail("UnknownUpload", "S3 answered without an upload id");
    const { platform, options, uploads } = context;
    const upload = await MultipartEncryption.open(platform.cipher, content, options.partWaitMs, undo);
    // Parts of the upload that has this id would be encrypted under this one's data key and context.
    if (uploads.has(id)) fail("UnknownUpload", "S3 answered with the id of another upload");
    uploads.set(id, upload);
    return output;
  } catch (error) {
    content.key.fill(0);
    await undo?.().catch(ignore);
    throw error;
  }
}

function uploadOf({ uploads }: Context, id: string | undefined): MultipartEncryption {
  return uploads.get(id ?? "") ?? fail("UnknownUpload");
}

export async function uploadPart(
  context: Context,
  command: UploadPartCommand,
  request: Request,
): Promise<UploadPartCommandOutput> {
  const { input } = command;
  const upload = uploadOf(context, input.UploadId);
  rejectPlaintextChecksums(input);
  const number = input.PartNumber;
  if (number === undefined || !Number.isInteger(number) || number < 1) fail("InvalidOption", "PartNumber");
  const readPlaintext = async (): Promise<Uint8Array> => {
    const source = context.platform.readBody(input.Body);
    const bytes =
      source.kind === "bytes"
        ? source.bytes
        : await readAll(source.chunks, input.ContentLength ?? PLAINTEXT_BYTES_MAX);
    if (input.ContentLength !== undefined && bytes.length !== input.ContentLength)
      fail("LengthMismatch", `part ${number}`);
    return bytes;
  };
  const Body = await upload.encryptPart(number, readPlaintext, request.isLastPart);
  const encrypted = { ...input, Body, ContentLength: Body.length };
  const output = await context.s3.send(withInput(command, encrypted), request.handler);
  upload.confirm(number, Body);
  return output;
}

export async function completeMultipartUpload(
  context: Context,
  command: CompleteMultipartUploadCommand,
  request: Request,
): Promise<CompleteMultipartUploadCommandOutput> {
  const { input } = command;
  const id = input.UploadId ?? "";
  const upload = uploadOf(context, id);
  rejectPlaintextChecksums(input);
  const listed = input.MultipartUpload?.Parts ?? [];
  checkParts(listed, upload.partCount);
  const again = await upload.finish();
  let parts = listed;
  if (again !== undefined) {
    const stored = "stored" in again ? again.stored : await sendLastAgain(context, command, request, again);
    upload.lastStored(stored);
    parts = [...listed.slice(0, -1), stored];
  }
  const MpuObjectSize = input.MpuObjectSize === undefined ? undefined : upload.plainSize + TAG_BYTES;
  const output = await context.s3.send(
    withInput(command, {
      ...input,
      MultipartUpload: { Parts: parts },
      ...(MpuObjectSize && { MpuObjectSize }),
    }),
    request.handler,
  );
  upload.close();
  context.uploads.delete(id);
  return output;
}

/** All parts, in order: leaving one out would cut the ciphertext. */
function checkParts(parts: readonly CompletedPart[], count: number): void {
  const isWhole = parts.length === count && parts.every((part, i) => part.PartNumber === i + 1);
  if (!isWhole) fail("PartOrder", `Complete must list the parts 1 to ${count}`);
}

async function sendLastAgain(
  context: Context,
  { input }: CompleteMultipartUploadCommand,
  request: Request,
  last: { readonly partNumber: number; readonly ciphertext: Uint8Array },
): Promise<CompletedPart> {
  const output = await context.s3.send(
    new UploadPart({
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: input.UploadId,
      PartNumber: last.partNumber,
      Body: last.ciphertext,
      ContentLength: last.ciphertext.length,
      RequestPayer: input.RequestPayer,
      ExpectedBucketOwner: input.ExpectedBucketOwner,
      SSECustomerAlgorithm: input.SSECustomerAlgorithm,
      SSECustomerKey: input.SSECustomerKey,
      SSECustomerKeyMD5: input.SSECustomerKeyMD5,
      ChecksumAlgorithm: checksumAlgorithmOf(input.MultipartUpload?.Parts?.at(-1)),
    }),
    request.handler,
  );
  const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = output;
  const checksums = { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 };
  return { PartNumber: last.partNumber, ETag, ...checksums };
}

/** The upload was created for one checksum algorithm, and every part must use it; the listed part shows which. */
function checksumAlgorithmOf(
  part: CompletedPart | undefined,
): "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256" | undefined {
  if (part?.ChecksumCRC32C !== undefined) return "CRC32C";
  if (part?.ChecksumCRC64NVME !== undefined) return "CRC64NVME";
  if (part?.ChecksumSHA1 !== undefined) return "SHA1";
  return part?.ChecksumSHA256 === undefined ? undefined : "SHA256";
}

export async function abortMultipartUpload(
  context: Context,
  command: AbortMultipartUploadCommand,
  request: Request,
): Promise<AbortMultipartUploadCommandOutput> {
  const id = command.input.UploadId ?? "";
  const upload = context.uploads.get(id);
  const output = await context.s3.send(command, request.handler);
  upload?.close();
  context.uploads.delete(id);
  await upload?.undo?.().catch(ignore);
  return output;
}
