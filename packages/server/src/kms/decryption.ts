/** Decrypt, and how ReEncrypt opens its source (spec kms 1.6 steps 4 to 12, 7.2). */
import {
  type BlobHeader,
  CryptoError,
  openBlob,
  parseBlobHeader,
  type RsaEncryptionAlgorithm,
} from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { andThen, type Soon } from "../base/soon.ts";
import type { RequestFacts } from "./conditions.ts";
import { canonicalOf } from "./context.ts";
import { type Entered, enter, enterHeld, orRefused } from "./enter.ts";
import { checkGrantTokens } from "./grant-tokens.ts";
import { type Kernel, noteMaterial, type Requester } from "./kernel.ts";
import { materialNamed } from "./model.ts";
import type { EncryptionContext } from "./port.ts";
import { rsaAlgorithm, rsaOpen } from "./rsa.ts";
import {
  noteUse,
  refuseContext,
  requireAlgorithm,
  sameBytes,
  stopIfDryRun,
  type Use,
  useFacts,
} from "./use.ts";

export interface Opened {
  readonly arn: KeyArn;
  /** Owned by the caller, who wipes it. */
  readonly plaintext: Uint8Array;
  /** Symmetric keys only. */
  readonly materialId: string | undefined;
}

export interface OpenInput extends Use {
  /** Absent in a dry run that ignores the ciphertext. */
  readonly blob: Uint8Array | undefined;
  readonly keyId?: string | undefined;
}

/** Every failure of a blob is one error without a text: which check refused it is nobody's to learn. */
function invalidCiphertext(cause: unknown): never {
  if (cause instanceof CryptoError) fail("InvalidCiphertextException", { cause });
  throw cause;
}

export function headerOf(blob: Uint8Array): BlobHeader {
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
  // First: a bad token must not tell whether there is such a key.
  checkGrantTokens(k, facts.grantTokens);
  const owner = await k.rows.blobOwner(header.keyUuid);
  const held = owner === undefined ? undefined : await k.rows.key(owner.account, owner.keyId);
  if (held === undefined) return fail("AccessDeniedException", NOT_YOURS);
  const entering = (): Soon<Entered> => enterHeld(k, requester, operation, held, facts);
  if (held.value.account === requester.account) return entering();
  // Whether another account's key exists is not told to those whom it does not let in.
  return orRefused(requester, entering, (cause) =>
    fail("AccessDeniedException", { message: NOT_YOURS, cause }),
  );
}

interface EnteredBlob {
  readonly entered: Entered;
  readonly open: () => Soon<Opened>;
}

/** Steps 4 to 9 of Decrypt and of ReEncrypt's source. Nothing is opened until `open` is called. */
export function enterToOpen(
  k: Kernel,
  requester: Requester,
  operation: "Decrypt" | "ReEncryptFrom",
  input: OpenInput,
  more?: RequestFacts["more"],
): Soon<EnteredBlob> {
  const { blob, keyId } = input;
  const rsa = rsaAlgorithm(input.algorithm);
  if (rsa !== undefined && keyId === undefined)
    fail("ValidationException", "KeyId is required for ciphertexts of asymmetric keys.");
  const header = blob === undefined || rsa !== undefined ? undefined : headerOf(blob);
  const facts = useFacts(input, more);
  const entering =
    keyId !== undefined
      ? enter(k, requester, operation, keyId, facts)
      : header !== undefined
        ? enterByBlob(k, requester, operation, header, facts)
        : fail("ValidationException", "KeyId is required when the ciphertext is ignored.");
  return andThen(entering, (entered) => {
    if (entered.key.usage !== "ENCRYPT_DECRYPT") fail("IncorrectKeyException");
    requireAlgorithm(entered, input.algorithm);
    refuseContext(entered, input);
    if (header !== undefined && !sameBytes(header.keyUuid, entered.key.blobName))
      fail("IncorrectKeyException");
    return {
      entered,
      open: () => {
        if (blob !== undefined && rsa !== undefined) return openRsa(k, entered, rsa, blob);
        if (blob === undefined || header === undefined) return fail("InvalidCiphertextException");
        return openWith(k, requester, entered, blob, header, input.context);
      },
    };
  });
}

async function openRsa(
  k: Kernel,
  { key, arn }: Entered,
  algorithm: RsaEncryptionAlgorithm,
  blob: Uint8Array,
): Promise<Opened> {
  try {
    return { arn, plaintext: await rsaOpen(k, key, algorithm, blob), materialId: undefined };
  } catch (cause) {
    return invalidCiphertext(cause);
  }
}

function openWith(
  k: Kernel,
  requester: Requester,
  { key, arn }: Entered,
  blob: Uint8Array,
  header: BlobHeader,
  context: EncryptionContext,
): Soon<Opened> {
  const version = materialNamed(key, header.materialId);
  if (version === undefined || version.state === "PENDING_ROTATION")
    return fail("InvalidCiphertextException");
  noteMaterial(requester, version.id);
  return andThen(k.materials.get(key, version), (material) => {
    try {
      const plaintext = openBlob(
        {
          multiRegion: key.multiRegion,
          keyUuid: key.blobName,
          materialId: material.shortId,
          material: material.key,
          keyArn: material.boundArn,
        },
        blob,
        canonicalOf(context),
      );
      return { arn, plaintext, materialId: version.id };
    } catch (cause) {
      return invalidCiphertext(cause);
    }
  });
}

export async function decrypt(k: Kernel, requester: Requester, input: OpenInput): Promise<Opened> {
  return decryptSoon(k, requester, input);
}

/** As `decrypt`, without a promise where none is needed: what every read of a KMS object calls. */
export function decryptSoon(k: Kernel, requester: Requester, input: OpenInput): Soon<Opened> {
  return andThen(enterToOpen(k, requester, "Decrypt", input), ({ entered, open }) => {
    stopIfDryRun(input.dryRun);
    k.hooks.kmsCall("Decrypt");
    return andThen(open(), (opened) => {
      noteUse(k, requester, entered, "Decrypt");
      return opened;
    });
  });
}
