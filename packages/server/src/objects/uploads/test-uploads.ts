/** For tests of uploads: requests in short form, over any world. */
import type { ObjectKey } from "../../base/ids.ts";
import { parseObjectKey } from "../../base/ids.ts";
import type { Store } from "../../store/port.ts";
import type {
  Bucket,
  CompletePart,
  CompleteUploadInput,
  CreateUploadInput,
  EncryptionHeaders,
  Integrity,
  PartResult,
  WriteResult,
} from "../api.ts";
import { NO_SSEC, type SsecRequest } from "../encryption/ssec-request.ts";
import { bodyOf, bytesOf, makeWorld, PLAIN, readInput, testCaller, type World } from "../test-world.ts";
import { Uploads } from "./service.ts";

export const alice = testCaller();
export const PART_MIN = 1000;

export interface UploadsWorld extends World {
  readonly uploads: Uploads;
}

export async function makeUploads(home?: Store, partBytesMin = PART_MIN): Promise<UploadsWorld> {
  const world = await makeWorld(home);
  return { ...world, uploads: uploadsOver(world, partBytesMin) };
}

export function uploadsOver({ core }: Pick<World, "core">, partBytesMin = PART_MIN): Uploads {
  return new Uploads({
    core,
    ownerOf: (account) => ({ account, canonicalId: "c".repeat(64), displayName: "owner" }),
    limits: { partBytesMin },
  });
}

export function createInput(key: string, change: Partial<CreateUploadInput> = {}): CreateUploadInput {
  return {
    key: parseObjectKey(key),
    headers: [["content-type", "text/plain"]],
    metadata: [["colour", "blue"]],
    tags: [{ key: "t", value: "1" }],
    encryption: PLAIN,
    ...change,
  };
}

/** One upload of one key, so that tests read as the steps of a client. */
export class Client {
  readonly world: UploadsWorld;
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly uploadId: string;
  readonly ssec: SsecRequest;

  constructor(world: UploadsWorld, bucket: Bucket, key: string, uploadId: string, ssec: SsecRequest) {
    this.world = world;
    this.bucket = bucket;
    this.key = parseObjectKey(key);
    this.uploadId = uploadId;
    this.ssec = ssec;
  }

  static async begin(
    world: UploadsWorld,
    bucket: Bucket,
    key: string,
    change: Partial<CreateUploadInput> = {},
  ): Promise<Client> {
    const { uploadId } = await world.uploads.create(alice, bucket, createInput(key, change));
    return new Client(world, bucket, key, uploadId, change.encryption?.ssec ?? NO_SSEC);
  }

  get target(): { readonly key: ObjectKey; readonly uploadId: string } {
    return { key: this.key, uploadId: this.uploadId };
  }

  put(
    partNumber: number,
    bytes: Uint8Array,
    integrity: Integrity = {},
    ssec: SsecRequest = this.ssec,
  ): Promise<PartResult> {
    const input = { ...this.target, partNumber, ssec, integrity };
    return this.world.uploads.putPart(alice, this.bucket, input, bodyOf(bytes));
  }

  complete(parts: readonly CompletePart[], change: Partial<CompleteUploadInput> = {}): Promise<WriteResult> {
    const input = { ...this.target, parts, ssec: this.ssec, conditions: {}, ...change };
    return this.world.uploads.complete(alice, this.bucket, input);
  }

  /** Puts all parts and completes. */
  async all(parts: readonly Uint8Array[], change: Partial<CompleteUploadInput> = {}): Promise<WriteResult> {
    const list: CompletePart[] = [];
    for (const [i, bytes] of parts.entries()) list.push(listed(i + 1, await this.put(i + 1, bytes)));
    return this.complete(list, change);
  }

  abort(): Promise<void> {
    return this.world.uploads.abort(alice, this.bucket, this.target);
  }

  async read(change: Parameters<typeof readInput>[1] = {}): Promise<Uint8Array> {
    const input = readInput(this.key, { ssec: this.ssec, ...change });
    return bytesOf(await this.world.objects.get(alice, this.bucket, input));
  }
}

export const listed = (partNumber: number, part: PartResult): CompletePart => ({
  partNumber,
  etag: part.etag,
});

/** The same with the checksum that the part's answer showed. */
export function listedWithChecksum(partNumber: number, part: PartResult): CompletePart {
  const { checksum, etag } = part;
  if (checksum === undefined) return { partNumber, etag };
  return { partNumber, etag, checksum: { algorithm: checksum.algorithm, value: checksum.value } };
}

export const headersWith = (ssec: SsecRequest): EncryptionHeaders => ({ ssec });
