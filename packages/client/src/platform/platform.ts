/** What differs between Node and browsers for this package: the ciphers, and how bodies come in and go out. */
import type { GetObjectCommandOutput, PutObjectCommandInput } from "@aws-sdk/client-s3";
import { type ContentCipher, concatBytes, type GcmEncryptor } from "@strongroom/crypto/common";
import { fail } from "../errors.ts";

/**
 * @example
 * ```ts
 * const body: InputBody = "text, bytes, a Blob or a stream";
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "body", Body: body }));
 * ```
 */
export type InputBody = PutObjectCommandInput["Body"];
/**
 * @example
 * ```ts
 * const { Body } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * const body: OutputBody | undefined = Body;
 * console.log((await body?.transformToByteArray())?.length);
 * ```
 */
export type OutputBody = NonNullable<GetObjectCommandOutput["Body"]>;

/**
 * A plaintext body to upload. Bytes can be sent again, a stream cannot.
 *
 * @example
 * ```ts
 * const source: Source = { kind: "bytes", bytes: new TextEncoder().encode("text") };
 * console.log(source.kind);
 * ```
 */
export type Source =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly kind: "stream";
      readonly chunks: AsyncIterable<Uint8Array>;
      readonly length: number | undefined;
    };

/**
 * @example
 * ```ts
 * const { platform }: { platform?: Platform } = {}; // absent: that of the runtime
 * const s3 = new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key }), ...(platform && { platform }) });
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * ```
 */
export interface Platform {
  readonly cipher: ContentCipher;
  /** True when a request body can be a stream here. Browsers send bytes. */
  readonly streamsUploads: boolean;
  /** Throws a TypeError for a body of a kind that this platform does not know. */
  readBody(body: InputBody): Source;
  /**
   * A body for the SDK that encrypts `chunks`, and how to close it, and them, when the request is over. Only where
   * `streamsUploads`.
   * @param onFailure hears once why the body cannot be finished; it then neither ends nor emits an error
   */
  uploadBody(
    chunks: AsyncIterable<Uint8Array>,
    encryptor: GcmEncryptor,
    onFailure: (error: unknown) => void,
  ): {
    readonly body: NonNullable<InputBody>;
    readonly close: () => void;
  };
  /** The chunks of a response body. Leaving the loop early closes the connection. */
  chunksOf(body: OutputBody): AsyncIterable<Uint8Array>;
  /** Closes a response body that nobody will read. */
  discard(body: OutputBody | undefined): Promise<void>;
  /**
   * The response body for the caller, with the SDK's `transformTo...` methods.
   * @param discard closes the source when the caller gives up before reading
   */
  responseBody(chunks: AsyncIterable<Uint8Array>, discard: () => Promise<void>): OutputBody;
}

/** A stream's bytes, at most `limit`. For small things, and for browsers, which cannot stream uploads. */
export async function readAll(chunks: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) fail("TooLargeToBuffer", "use Upload of @aws-sdk/lib-storage");
    parts.push(chunk);
  }
  return concatBytes(parts);
}
