/** The client: an S3Client whose object commands encrypt and decrypt, and whose other commands pass through. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { platform as defaultPlatform } from "#platform";
import { fail } from "./errors.ts";
import { carriesContent, isOperation, operationName } from "./operations/commands.ts";
import {
  type Context,
  type HandlerOptions,
  parseRequest,
  type Request,
  type S3EncryptionRequestOptions,
} from "./operations/context.ts";
import { deleteObject, deleteObjects } from "./operations/delete.ts";
import { type DecryptedObject, getObject } from "./operations/get.ts";
import { type Inspection, inspectObject, type ObjectTarget } from "./operations/inspect.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from "./operations/multipart.ts";
import { putObject } from "./operations/put.ts";
import {
  type ReEncryptInstructionFileInput,
  type ReEncryptInstructionFileOutput,
  reEncryptInstructionFile,
} from "./operations/reencrypt.ts";
import { resolveOptions, type S3EncryptionClientOptions } from "./options.ts";

/**
 * Options of one `send`: the SDK's own and this package's.
 *
 * @example
 * ```ts
 * const options: SendOptions = { encryptionContext: { tenant: "a" }, abortSignal: AbortSignal.timeout(60_000) };
 * const tenants = new S3EncryptionClient({ client, keyring: new KmsKeyring({ client: kms, keyId: "alias/documents" }) });
 * await tenants.send(new PutObjectCommand({ Bucket: "b", Key: "a/k", Body: "secret" }), options);
 * ```
 */
export type SendOptions = HandlerOptions & S3EncryptionRequestOptions;

/** A command of the SDK for S3, as `S3Client.send` takes it. */
type S3Command<In extends ServiceInputTypes, Out extends ServiceOutputTypes> = Parameters<
  typeof S3Client.prototype.send<In, Out>
>[0];
type Callback<Out> = (error: unknown, data?: Out) => void;

/**
 * Encrypts objects before they leave, decrypts them when they come back, in the formats of the Amazon S3 Encryption
 * Clients. It is an `S3Client`, so `Upload` of `@aws-sdk/lib-storage`, waiters and paginators take it.
 *
 * @example
 * ```ts
 * const s3 = new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key }) });
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: "secret" }));
 * const { Body } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * console.log(await Body?.transformToString());
 * ```
 */
export class S3EncryptionClient extends S3Client {
  override readonly config: S3ClientResolvedConfig;
  readonly #options: S3EncryptionClientOptions;
  #context: Context;
  #defaults: SendOptions = {};

  /** Throws InvalidOption when options are missing or contradict each other. */
  constructor(options: S3EncryptionClientOptions) {
    const resolved = resolveOptions(options);
    const { client, keyring, platform = defaultPlatform } = options;
    // The base class is for its type; requests go out through the caller's client alone, with its middleware.
    super({ requestHandler: client.config.requestHandler, region: client.config.region });
    this.config = client.config;
    this.middlewareStack = client.middlewareStack.clone();
    // On this stack, which `send` does not use: who resolves a command on it, as getSignedUrl does, goes around us.
    this.middlewareStack.add(
      (next, context) => async (args) => {
        refuseDirectUse(context.commandName);
        return next(args);
      },
      { step: "initialize", name: "s3EncryptionRefuseDirectUse" },
    );
    this.#options = options;
    this.#context = { s3: client, keyring, options: resolved, platform, uploads: new Map() };
  }

  /**
   * A client that shares everything with this one and adds options to every `send`: for `Upload`, which passes none.
   *
   * @example
   * ```ts
   * const tenants = new S3EncryptionClient({ client, keyring: new KmsKeyring({ client: kms, keyId: "alias/documents" }) });
   * const bound = tenants.with({ encryptionContext: { tenant: "a" } });
   * const Body = new Blob(["of any length"]).stream();
   * await new Upload({ client: bound, params: { Bucket: "b", Key: "upload", Body } }).done();
   * ```
   */
  with(defaults: SendOptions): S3EncryptionClient {
    const bound = new S3EncryptionClient(this.#options);
    bound.#context = this.#context;
    bound.#defaults = { ...this.#defaults, ...defaults };
    return bound;
  }

  override send(command: GetObjectCommand, options?: SendOptions): Promise<DecryptedObject>;
  override send<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: S3Command<In, Out>,
    options?: SendOptions,
  ): Promise<Out>;
  override send<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: S3Command<In, Out>,
    callback: Callback<Out>,
  ): void;
  override send<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: S3Command<In, Out>,
    options: SendOptions,
    callback: Callback<Out>,
  ): void;
  override send(
    command: GetObjectCommand | S3Command<ServiceInputTypes, ServiceOutputTypes>,
    second?: SendOptions | Callback<ServiceOutputTypes>,
    third?: Callback<ServiceOutputTypes>,
  ): Promise<ServiceOutputTypes> | void {
    const callback = typeof second === "function" ? second : third;
    const options = typeof second === "function" ? undefined : second;
    const sending = this.#dispatch(command, { ...this.#defaults, ...options });
    if (callback === undefined) return sending;
    sending.then((data) => callback(null, data), callback);
  }

  /** How an object is encrypted, without any key: for inventories and migrations. */
  async inspect(target: ObjectTarget, handler: HandlerOptions = {}): Promise<Inspection> {
    return inspectObject(this.#context, target, handler);
  }

  /** Rewraps the data key of an object that has an instruction file; the object itself is not touched. */
  async reEncryptInstructionFile(
    input: ReEncryptInstructionFileInput,
    handler: HandlerOptions = {},
  ): Promise<ReEncryptInstructionFileOutput> {
    return reEncryptInstructionFile(this.#context, input, handler);
  }

  async #dispatch(
    command: GetObjectCommand | S3Command<ServiceInputTypes, ServiceOutputTypes>,
    options: SendOptions,
  ): Promise<ServiceOutputTypes> {
    const context = this.#context;
    const request: Request = parseRequest(options);
    if (isOperation(command, "GetObject", GetObjectCommand)) return getObject(context, command, request);
    if (isOperation(command, "PutObject", PutObjectCommand)) return putObject(context, command, request);
    if (isOperation(command, "UploadPart", UploadPartCommand)) return uploadPart(context, command, request);
    if (isOperation(command, "CreateMultipartUpload", CreateMultipartUploadCommand))
      return createMultipartUpload(context, command, request);
    if (isOperation(command, "CompleteMultipartUpload", CompleteMultipartUploadCommand))
      return completeMultipartUpload(context, command, request);
    if (isOperation(command, "AbortMultipartUpload", AbortMultipartUploadCommand))
      return abortMultipartUpload(context, command, request);
    if (isOperation(command, "DeleteObject", DeleteObjectCommand))
      return deleteObject(context, command, request);
    if (isOperation(command, "DeleteObjects", DeleteObjectsCommand))
      return deleteObjects(context, command, request);
    if (
      isOperation(command, "UploadPartCopy", UploadPartCopyCommand) &&
      context.uploads.has(command.input.UploadId ?? "")
    )
      fail("Unsupported", "UploadPartCopy: a copied part is not part of the ciphertext");
    if (carriesContent(command))
      fail("Unsupported", operationName(command) ?? "an unknown command with a Body");
    return context.s3.send(command, request.handler);
  }
}

const NEVER_DIRECT: readonly string[] = ["GetObject", "PutObject", "UploadPart"];

function refuseDirectUse(commandName: string | undefined): void {
  const name = commandName?.replace(/Command$/, "") ?? "";
  if (NEVER_DIRECT.includes(name)) fail("PresignRefused", name);
}
