/** Keys for the command line: always from files, never from arguments, which other users can see. */
import { readFileSync } from "node:fs";
import { KMSClient } from "@aws-sdk/client-kms";
import { decodeBase64 } from "@strongroom/crypto/common";
import { readSecret } from "./secret-file.ts";
import { type Keyring, KmsKeyring, MultiKeyring, RawAesKeyring, RawRsaKeyring } from "../index.ts";

export interface KeyOptions {
  readonly aesKeyFile?: string;
  readonly rsaPublicKeyFile?: string;
  readonly rsaPrivateKeyFile?: string;
  readonly kmsKeyId?: string;
  readonly kmsEndpointUrl?: string;
  readonly region?: string;
  readonly description?: Record<string, string>;
}

/** A keyring of all keys given; the first of KMS, RSA, AES writes. `undefined` when none is. */
export function keyringOf(options: KeyOptions): Keyring | undefined {
  const [primary, ...readers] = [...kmsKeyring(options), ...rsaKeyring(options), ...aesKeyring(options)];
  if (primary === undefined || readers.length === 0) return primary;
  return new MultiKeyring({ primary, readers });
}

function* kmsKeyring({ kmsKeyId, kmsEndpointUrl, region }: KeyOptions): Generator<Keyring> {
  if (kmsKeyId === undefined) return;
  const client = new KMSClient({
    ...(kmsEndpointUrl !== undefined && { endpoint: kmsEndpointUrl }),
    ...(region !== undefined && { region }),
  });
  yield new KmsKeyring({ client, keyId: kmsKeyId });
}

function* rsaKeyring({ rsaPublicKeyFile, rsaPrivateKeyFile, description }: KeyOptions): Generator<Keyring> {
  if (rsaPublicKeyFile === undefined && rsaPrivateKeyFile === undefined) return;
  yield new RawRsaKeyring({
    ...(rsaPublicKeyFile !== undefined && { publicKey: readFileSync(rsaPublicKeyFile, "utf8") }),
    ...(rsaPrivateKeyFile !== undefined && { privateKey: readSecret(rsaPrivateKeyFile).toString("latin1") }),
    ...(description !== undefined && { materialDescription: description }),
  });
}

function* aesKeyring({ aesKeyFile, description }: KeyOptions): Generator<Keyring> {
  if (aesKeyFile === undefined) return;
  const key = parseAesKey(readSecret(aesKeyFile));
  yield new RawAesKeyring({ key, ...(description !== undefined && { materialDescription: description }) });
}

/** 16, 24 or 32 raw bytes, or those as hex or base64 text. */
function parseAesKey(file: Buffer): Uint8Array {
  if ([16, 24, 32].includes(file.length)) return new Uint8Array(file);
  const text = file.toString("latin1").trim();
  const key = /^(?:[0-9a-f]{2})+$/i.test(text)
    ? new Uint8Array(Buffer.from(text, "hex"))
    : decodeBase64(text);
  if (key === undefined || ![16, 24, 32].includes(key.length))
    throw new Error("the AES key file must hold 16, 24 or 32 bytes, raw or as hex or base64");
  return key;
}
