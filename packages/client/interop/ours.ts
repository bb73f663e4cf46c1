/** This package's client as a driver: on node:crypto, and on WebCrypto as in a browser. */
import { createHash } from "node:crypto";
import { KMSClient } from "@aws-sdk/client-kms";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { type Keyring, KmsKeyring, RawAesKeyring, RawRsaKeyring, S3EncryptionClient } from "../src/index.ts";
import { platform as webPlatform } from "../src/platform/web.ts";
import { type KeyringKind, PART_BYTES, patternBytes } from "./cell.ts";
import type { Answer, Ask, Driver, Settings } from "./driver.ts";

export function ourDriver(name: "ours" | "ours-web", version: string, settings: Settings): Driver {
  const { endpoint, region, kmsEndpoint } = settings;
  const client = new S3Client({ endpoint, region, forcePathStyle: true });
  const kms = new KMSClient({ endpoint: kmsEndpoint, region });
  const keyrings: Record<KeyringKind, Keyring> = {
    aes: new RawAesKeyring({ key: new Uint8Array(Buffer.from(settings.aesKeyHex, "hex")) }),
    rsa: new RawRsaKeyring({
      publicKey: new Uint8Array(Buffer.from(settings.rsaPublicSpki, "base64")),
      privateKey: new Uint8Array(Buffer.from(settings.rsaPrivatePkcs8, "base64")),
    }),
    kms: new KmsKeyring({ client: kms, keyId: settings.kmsKeyId }),
  };
  const make = ({ format, keyring, placement, context }: Ask): S3EncryptionClient =>
    new S3EncryptionClient({
      client,
      keyring: keyrings[keyring],
      commitmentPolicy: format === "V3" ? "REQUIRE_ENCRYPT_ALLOW_DECRYPT" : "FORBID_ENCRYPT_ALLOW_DECRYPT",
      writeInstructionFiles: placement === "file",
      ...(name === "ours-web" && { platform: webPlatform }),
    }).with(keyring === "kms" ? { encryptionContext: context } : {});
  const run = async (ask: Ask): Promise<Answer> => {
    const s3 = make(ask);
    const at = { Bucket: ask.bucket, Key: ask.key };
    if (ask.op === "get") {
      const { Body } = await s3.send(new GetObjectCommand(at));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      return { ok: true, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    }
    const params = { ...at, Body: patternBytes(ask.size) };
    if (ask.multipart) await new Upload({ client: s3, partSize: PART_BYTES, params }).done();
    else await s3.send(new PutObjectCommand(params));
    return { ok: true };
  };
  return {
    name,
    version,
    ask: (ask) =>
      run(ask).catch((error: Error): Answer => ({ ok: false, error: `${error.name}: ${error.message}` })),
    close: () => {
      client.destroy();
      kms.destroy();
    },
  };
}
