/** Options that all subcommands share, and the client made of them. */
import { S3Client } from "@aws-sdk/client-s3";
import { type Command, Option } from "commander";
import { type CommitmentPolicy, S3EncryptionClient, type S3EncryptionClientOptions } from "../index.ts";
import { COMMITMENT_POLICIES } from "../suites.ts";
import { type KeyOptions, keyringOf } from "./keys.ts";
import { collectPair } from "./target.ts";

export interface CommonOptions extends KeyOptions {
  readonly endpointUrl?: string;
  readonly pathStyle?: boolean;
  readonly policy?: CommitmentPolicy;
  readonly legacy?: boolean;
  readonly instructionFile?: boolean;
  readonly context?: Record<string, string>;
  readonly suffix?: string;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option("--endpoint-url <url>", "S3 endpoint, when it is not AWS")
    .option("--region <name>", "region")
    .option("--path-style", "bucket in the path, not in the host name");
}

export function addKeyOptions(command: Command): Command {
  return command
    .option("--aes-key-file <path>", "AES wrapping key: 16, 24 or 32 bytes, raw, hex or base64")
    .option("--rsa-public-key-file <path>", "RSA public key (PEM), to write")
    .option("--rsa-private-key-file <path>", "RSA private key (PEM), to read")
    .option("--kms-key-id <id>", "KMS key id, ARN or alias")
    .option("--kms-endpoint-url <url>", "KMS endpoint, when it is not AWS")
    .option("--description <name=value>", "material description of raw keys (repeatable)", collectPair)
    .option("--context <name=value>", "KMS encryption context (repeatable)", collectPair)
    .addOption(new Option("--policy <name>", "commitment policy").choices(COMMITMENT_POLICIES))
    .option("--legacy", "also read legacy wraps, and AES-CBC where the policy allows it")
    .option("--instruction-file", "write envelopes into instruction files")
    .option("--suffix <suffix>", "read this instruction file, suffix with its dot");
}

export function s3Of(options: CommonOptions): S3Client {
  return new S3Client({
    ...(options.endpointUrl !== undefined && { endpoint: options.endpointUrl }),
    ...(options.region !== undefined && { region: options.region }),
    ...(options.pathStyle === true && { forcePathStyle: true }),
  });
}

export function clientOf(
  options: CommonOptions,
  more: Partial<S3EncryptionClientOptions> = {},
): S3EncryptionClient {
  const keyring = more.keyring ?? keyringOf(options);
  if (keyring === undefined)
    throw new Error("give a key: --kms-key-id, --aes-key-file or --rsa-...-key-file");
  const policy = options.policy ?? (options.legacy === true ? "REQUIRE_ENCRYPT_ALLOW_DECRYPT" : undefined);
  const client = new S3EncryptionClient({
    client: s3Of(options),
    keyring,
    ...(policy !== undefined && { commitmentPolicy: policy }),
    ...(options.legacy === true && {
      enableLegacyWrappingAlgorithms: true,
      enableLegacyUnauthenticatedModes: policy !== "REQUIRE_ENCRYPT_REQUIRE_DECRYPT",
    }),
    ...(options.instructionFile === true && { writeInstructionFiles: true }),
    ...more,
  });
  return client.with({
    ...(options.context !== undefined && { encryptionContext: options.context }),
    ...(options.suffix !== undefined && { instructionFileSuffix: options.suffix }),
  });
}
