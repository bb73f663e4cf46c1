/** The uploads service: the operations on multipart uploads by name. */
import type { Caller } from "../../base/caller.ts";
import { PART_BYTES_MIN } from "../../base/limits.ts";
import type {
  Body,
  Bucket,
  CompleteUploadInput,
  CreateUploadInput,
  CreateUploadResult,
  EffectiveAlgorithm,
  EncryptionShown,
  ListPartsInput,
  ListUploadsInput,
  Owner,
  PartCopyResult,
  PartResult,
  UploadAccess,
  UploadPartCopyInput,
  UploadPartInput,
  UploadsService,
  UploadTarget,
  WriteResult,
} from "../api.ts";
import type { Core } from "../core.ts";
import { shownOf } from "../encryption/keks.ts";
import { abortUpload } from "./abort.ts";
import { completeUpload } from "./complete.ts";
import { createUpload } from "./create.ts";
import { findCompletion, findUpload, type UploadLimits, type UploadsCore } from "./find-upload.ts";
import { listParts } from "./list-parts.ts";
import { listUploads } from "./list-uploads.ts";
import { copyPart, putPart } from "./put-part.ts";

export interface UploadsOptions {
  readonly core: Core;
  readonly ownerOf: (account: Owner["account"]) => Owner;
  readonly limits?: UploadLimits;
}

export const UPLOAD_LIMITS: UploadLimits = { partBytesMin: PART_BYTES_MIN };

const ALGORITHMS = {
  "SSE-S3": "AES256",
  "SSE-KMS": "aws:kms",
  "DSSE-KMS": "aws:kms:dsse",
  "SSE-C": "SSE-C",
} as const satisfies Record<EncryptionShown["mode"], EffectiveAlgorithm>;

function effectiveOf(shown: EncryptionShown): NonNullable<UploadAccess["effective"]> {
  const algorithm = ALGORITHMS[shown.mode];
  return "keyArn" in shown ? { algorithm, keyArn: shown.keyArn } : { algorithm };
}

export class Uploads implements UploadsService {
  readonly #uploads: UploadsCore;

  constructor({ core, ownerOf, limits }: UploadsOptions) {
    this.#uploads = { core, ownerOf, limits: limits ?? UPLOAD_LIMITS };
  }

  async access(bucket: Bucket, target: UploadTarget): Promise<UploadAccess | undefined> {
    const { core } = this.#uploads;
    const found = await findUpload(core, bucket, target);
    if (found !== undefined) {
      const { value } = found.entry;
      return { ...value.access, effective: effectiveOf(shownOf(value, undefined)) };
    }
    const ended = await findCompletion(core, bucket, target);
    return ended && { ...ended.access, effective: effectiveOf(ended.encryption) };
  }
  create(caller: Caller, bucket: Bucket, input: CreateUploadInput): Promise<CreateUploadResult> {
    return createUpload(this.#uploads.core, caller, bucket, input);
  }
  putPart(caller: Caller, bucket: Bucket, input: UploadPartInput, body: Body): Promise<PartResult> {
    return putPart(this.#uploads.core, caller, bucket, input, body);
  }
  copyPart(caller: Caller, bucket: Bucket, input: UploadPartCopyInput): Promise<PartCopyResult> {
    return copyPart(this.#uploads.core, caller, bucket, input);
  }
  complete(caller: Caller, bucket: Bucket, input: CompleteUploadInput): Promise<WriteResult> {
    return completeUpload(this.#uploads, caller, bucket, input);
  }
  abort(_caller: Caller, bucket: Bucket, target: UploadTarget): Promise<void> {
    return abortUpload(this.#uploads.core, bucket, target);
  }
  listParts(caller: Caller, bucket: Bucket, input: ListPartsInput): ReturnType<UploadsService["listParts"]> {
    return listParts(this.#uploads, caller, bucket, input);
  }
  listUploads(bucket: Bucket, input: ListUploadsInput): ReturnType<UploadsService["listUploads"]> {
    return listUploads(this.#uploads, bucket, input);
  }
}
