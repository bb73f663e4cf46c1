/** rewrap: the data key of an object with an instruction file, under another raw key. The object is not touched. */
import { type CommonOptions, clientOf } from "./client-options.ts";
import { keyringOf } from "./keys.ts";
import type { S3Target } from "./target.ts";

export interface RewrapOptions extends CommonOptions {
  readonly newAesKeyFile?: string;
  readonly newRsaPublicKeyFile?: string;
  readonly newDescription?: Record<string, string>;
  readonly newSuffix?: string;
  readonly enforceRotation?: boolean;
}

export async function rewrap(target: S3Target, options: RewrapOptions): Promise<string> {
  const newKeyring = keyringOf({
    ...(options.newAesKeyFile !== undefined && { aesKeyFile: options.newAesKeyFile }),
    ...(options.newRsaPublicKeyFile !== undefined && { rsaPublicKeyFile: options.newRsaPublicKeyFile }),
    ...(options.newDescription !== undefined && { description: options.newDescription }),
  });
  if (newKeyring === undefined)
    throw new Error("give the new key: --new-aes-key-file or --new-rsa-public-key-file");
  const { instructionFileKey } = await clientOf(options, {
    writeInstructionFiles: true,
  }).reEncryptInstructionFile({
    ...target,
    newKeyring,
    ...(options.newSuffix !== undefined && { instructionFileSuffix: options.newSuffix }),
    ...(options.enforceRotation === true && { enforceRotation: true }),
  });
  return instructionFileKey;
}
