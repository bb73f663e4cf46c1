/** The cryptographic operations on symmetric keys (spec kms 7.2). Each authorises, checks the state and only then works. */
import {
  canonicalContext,
  CryptoError,
  openBlob,
  parseBlobHeader,
  randomBytes,
  sealBlob,
  type BlobHeader,
} from "@strongroom/crypto";
import { fail, ServiceError } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { type Entered, enter, enterHeld, peek, requireUsage } from "./enter.ts";
import type { RequestFacts } from "./conditions.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { currentMaterial, type Material } from "./model.ts";
import type { KeyOperation } from "./operations.ts";
import type { EncryptionContext } from "./port.ts";

export const SYMMETRIC = "SYMMETRIC_DEFAULT";

export interface Sealed {
  readonly arn: KeyArn;
  readonly blob: Uint8Array;
  readonly materialId: string;
}
export interface Opened {
  readonly arn: KeyArn;
  /** Owned by the caller, who wipes it. */
  readonly plaintext: Uint8Array;
  readonly materialId: string;
}

export function stopIfDryRun(dryRun: boolean | undefined): void {
  if (dryRun === true) fail("DryRunOperationException");
}

function useFacts(context: EncryptionContext, more?: RequestFacts["more"]): RequestFacts {
  return { context, algorithm: SYMMETRIC, more };
}

/** A key that can encrypt now, and its current material. */
async function enterToSeal(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  shown: string,
  keyId: string,
  facts: RequestFacts,
): Promise<Entered & { readonly current: Material }> {
  const entered = await enter(k, requester, operation, keyId, facts);
  requireUsage(entered, "ENCRYPT_DECRYPT", shown);
  const current = currentMaterial(entered.key);
  if (current === undefined) return fail("KMSInvalidStateException", `${entered.arn} is pending import.`);
  return { ...entered, current };
}

async function seal(
  k: Kernel,
  { key, arn, current }: Entered & { readonly current: Material },
  plaintext: Uint8Array,
  context: EncryptionContext,
): Promise<Sealed> {
  const material = await k.materials.get(key, current);
  const blob = sealBlob(
    {
      multiRegion: key.multiRegion,
      keyUuid: key.blobName,
      materialId: material.shortId,
      material: material.key,
      keyArn: key.bornArn,
    },
    plaintext,
    canonicalContext(context),
  );
  return { arn, blob, materialId: current.id };
}

export interface DataKeyInput {
  readonly keyId: string;
  readonly context: EncryptionContext;
  readonly bytes: number;
  readonly dryRun?: boolean | undefined;
}

/** GenerateDataKey and GenerateDataKeyWithoutPlaintext; the latter's caller wipes the plaintext unseen. */
export async function generateDataKey(
  k: Kernel,
  requester: Requester,
  operation: "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext",
  input: DataKeyInput,
): Promise<Sealed & Opened> {
  const facts = useFacts(input.context);
  const entered = await enterToSeal(k, requester, operation, operation, input.keyId, facts);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall(operation);
  const plaintext = randomBytes(input.bytes);
  const sealed = await seal(k, entered, plaintext, input.context);
  return { ...sealed, plaintext };
}

export async function encrypt(
  k: Kernel,
  requester: Requester,
  input: {
    readonly keyId: string;
    readonly plaintext: Uint8Array;
    readonly context: EncryptionContext;
    readonly algorithm?: string | undefined;
    readonly dryRun?: boolean | undefined;
  },
): Promise<Sealed> {
  const entered = await enterToSeal(k, requester, "Encrypt", "Encrypt", input.keyId, {
    ...useFacts(input.context),
    algorithm: input.algorithm ?? SYMMETRIC,
  });
  requireAlgorithm(entered, input.algorithm);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall("Encrypt");
  return seal(k, entered, input.plaintext, input.context);
}

function requireAlgorithm({ key }: Entered, algorithm: string | undefined): void {
  if (algorithm !== undefined && algorithm !== SYMMETRIC)
    fail("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

export interface OpenInput {
  /** Absent in a dry run that ignores the ciphertext. */
  readonly blob: Uint8Array | undefined;
  readonly context: EncryptionContext;
  readonly keyId?: string | undefined;
  readonly algorithm?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** Every failure of a blob is one error without a text: which check refused it is nobody's to learn. */
function invalidCiphertext(cause: unknown): never {
  if (cause instanceof CryptoError) fail("InvalidCiphertextException", { cause });
  throw cause;
}

function headerOf(blob: Uint8Array): BlobHeader {
  try {
    return parseBlobHeader(blob);
  } catch (cause) {
    return invalidCiphertext(cause);
  }
}

const NOT_YOURS =
  "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";

/** The key that the blob names (spec kms 1.6 step 4), for callers who don't name one. */
async function enterByBlob(
  k: Kernel,
  requester: Requester,
  operation: "Decrypt" | "ReEncryptFrom",
  header: BlobHeader,
  facts: RequestFacts,
): Promise<Entered> {
  const owner = await k.rows.blobOwner(header.keyUuid);
  const held = owner === undefined ? undefined : await k.rows.key(owner.account, owner.keyId);
  if (held === undefined) return fail("AccessDeniedException", NOT_YOURS);
  try {
    return await enterHeld(k, requester, operation, held, facts);
  } catch (error) {
    // Whether another account's key exists is not told to those whom it does not let in.
    const hidden =
      error instanceof ServiceError &&
      error.code === "AccessDeniedException" &&
      held.value.account !== requester.account;
    if (hidden) return fail("AccessDeniedException", { message: NOT_YOURS, cause: error });
    throw error;
  }
}

interface EnteredBlob {
  readonly entered: Entered;
  readonly open: () => Promise<Opened>;
}

/** Steps 4 to 9 of Decrypt and of ReEncrypt's source. Nothing is opened until `open` is called. */
export async function enterToOpen(
  k: Kernel,
  requester: Requester,
  operation: "Decrypt" | "ReEncryptFrom",
  input: OpenInput,
  more?: RequestFacts["more"],
): Promise<EnteredBlob> {
  const { blob, keyId } = input;
  const header = blob === undefined ? undefined : headerOf(blob);
  const facts = { ...useFacts(input.context, more), algorithm: input.algorithm ?? SYMMETRIC };
  const entered =
    keyId !== undefined
      ? await enter(k, requester, operation, keyId, facts)
      : header !== undefined
        ? await enterByBlob(k, requester, operation, header, facts)
        : fail("ValidationException", "KeyId is required when the ciphertext is ignored.");
  if (entered.key.usage !== "ENCRYPT_DECRYPT") fail("IncorrectKeyException");
  requireAlgorithm(entered, input.algorithm);
  if (header !== undefined && !sameBytes(header.keyUuid, entered.key.blobName)) fail("IncorrectKeyException");
  return {
    entered,
    open: () => {
      if (blob === undefined || header === undefined) return fail("InvalidCiphertextException");
      return openWith(k, entered, blob, header, input.context);
    },
  };
}

async function openWith(
  k: Kernel,
  { key, arn }: Entered,
  blob: Uint8Array,
  header: BlobHeader,
  context: EncryptionContext,
): Promise<Opened> {
  const prefix = hex(header.materialId);
  const version = key.materials.find((m) => m.id.startsWith(prefix));
  if (version === undefined || version.state === "PENDING_ROTATION")
    return fail("InvalidCiphertextException");
  const material = await k.materials.get(key, version);
  try {
    const plaintext = openBlob(
      {
        multiRegion: key.multiRegion,
        keyUuid: key.blobName,
        materialId: material.shortId,
        material: material.key,
        keyArn: key.bornArn,
      },
      blob,
      canonicalContext(context),
    );
    return { arn, plaintext, materialId: version.id };
  } catch (cause) {
    return invalidCiphertext(cause);
  }
}

export async function decrypt(k: Kernel, requester: Requester, input: OpenInput): Promise<Opened> {
  const { open } = await enterToOpen(k, requester, "Decrypt", input);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall("Decrypt");
  return open();
}

export interface ReEncrypted {
  readonly blob: Uint8Array;
  readonly sourceArn: KeyArn;
  readonly arn: KeyArn;
  readonly sourceMaterialId: string;
  readonly materialId: string;
}

/** Two authorisations of their own; the plaintext never leaves this function. */
export async function reEncrypt(
  k: Kernel,
  requester: Requester,
  source: OpenInput,
  destination: {
    readonly keyId: string;
    readonly context: EncryptionContext;
    readonly algorithm?: string | undefined;
  },
): Promise<ReEncrypted> {
  const sameKey = await namesSameKey(k, requester, source, destination.keyId);
  const more = { "kms:reencryptonsamekey": String(sameKey) };
  const from = await enterToOpen(k, requester, "ReEncryptFrom", source, more);
  const to = await enterToSeal(k, requester, "ReEncryptTo", "ReEncrypt", destination.keyId, {
    ...useFacts(destination.context, more),
    algorithm: destination.algorithm ?? SYMMETRIC,
  });
  requireAlgorithm(to, destination.algorithm);
  stopIfDryRun(source.dryRun);
  k.hooks.kmsCall("ReEncrypt");
  const opened = await from.open();
  try {
    const sealed = await seal(k, to, opened.plaintext, destination.context);
    return {
      blob: sealed.blob,
      sourceArn: opened.arn,
      arn: sealed.arn,
      sourceMaterialId: opened.materialId,
      materialId: sealed.materialId,
    };
  } finally {
    opened.plaintext.fill(0);
  }
}

/** kms:ReEncryptOnSameKey is a condition value of both authorisations, so it is looked up before either. */
async function namesSameKey(
  k: Kernel,
  requester: Requester,
  source: OpenInput,
  destinationKeyId: string,
): Promise<boolean> {
  const blobName = source.blob === undefined ? undefined : headerOf(source.blob).keyUuid;
  const destination = await peek(k, requester, destinationKeyId);
  if (destination === undefined) return false;
  if (blobName !== undefined) return sameBytes(blobName, destination.value.blobName);
  if (source.keyId === undefined) return false;
  const from = await peek(k, requester, source.keyId);
  return from?.value.bornArn === destination.value.bornArn;
}

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

/** Names are public: no constant time needed. */
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
