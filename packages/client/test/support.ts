/** Shared by the tests: keys of the vectors, clients over the fake store, expectations by error code. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  KmsKeyring,
  MultiKeyring,
  RawAesKeyring,
  RawRsaKeyring,
  S3EncryptionClient,
  type S3EncryptionClientOptions,
  S3EncryptionError,
  type S3EncryptionErrorCode,
  type SendOptions,
} from "../src/index.ts";
import { platform as webPlatform } from "../src/platform/web.ts";
import type { FakeS3 } from "./fake-s3.ts";

const VECTORS = new URL("../../../testdata/s3-encryption-client/", import.meta.url);
export const loadVectors = (name: string) => JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));
export const derived = loadVectors("derived-objects.json");
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
export const base64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

export const AES_KEY = hex(derived.inputs.aesWrappingKeyHex);
export const RSA_KEY = base64(derived.inputs.rsaPrivateKeyPkcs8Base64);
export { webPlatform };

export const aes = (): RawAesKeyring => new RawAesKeyring({ key: AES_KEY });
export const rsaReader = (): RawRsaKeyring => new RawRsaKeyring({ privateKey: RSA_KEY });
export const kms = (fake: FakeS3): KmsKeyring => new KmsKeyring({ client: fake.kms(), keyId: "test-key" });
export const every = (fake: FakeS3): MultiKeyring =>
  new MultiKeyring({ primary: aes(), readers: [rsaReader(), kms(fake)] });

export function client(fake: FakeS3, options: Partial<S3EncryptionClientOptions> = {}): S3EncryptionClient {
  return new S3EncryptionClient({ client: fake.s3(), keyring: aes(), ...options });
}

/** Options under which everything that can be read at all is read. */
export const PERMISSIVE = {
  commitmentPolicy: "REQUIRE_ENCRYPT_ALLOW_DECRYPT",
  enableLegacyWrappingAlgorithms: true,
  enableLegacyUnauthenticatedModes: true,
  enableUnauthenticatedRangeGets: true,
} as const;
export const V2 = { commitmentPolicy: "FORBID_ENCRYPT_ALLOW_DECRYPT" } as const;

export async function put(
  s3: S3EncryptionClient,
  Key: string,
  Body: PutBody,
  options?: SendOptions,
  more: object = {},
): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: "b", Key, Body, ...more }), options);
}
type PutBody = NonNullable<ConstructorParameters<typeof PutObjectCommand>[0]["Body"]>;

export async function get(
  s3: S3EncryptionClient,
  Key: string,
  options?: SendOptions,
  more: object = {},
): Promise<Buffer> {
  const output = await s3.send(new GetObjectCommand({ Bucket: "b", Key, ...more }), options);
  return Buffer.from((await output.Body?.transformToByteArray()) ?? []);
}

/** The action fails with one of these codes; anything else, success included, is a test failure. */
export async function failsWith(
  codes: S3EncryptionErrorCode | readonly S3EncryptionErrorCode[],
  action: Promise<unknown> | (() => unknown),
  label?: string,
): Promise<void> {
  const expected = typeof codes === "string" ? [codes] : codes;
  await assert.rejects(typeof action === "function" ? async () => await action() : action, (error) => {
    assert.ok(error instanceof S3EncryptionError, `${label ?? ""} ${String(error)}`);
    assert.ok(expected.includes(error.code), `${label ?? ""}: ${error.code} is not ${expected.join(" or ")}`);
    return true;
  });
}
