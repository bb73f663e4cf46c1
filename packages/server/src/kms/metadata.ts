/** KeyMetadata as DescribeKey and CreateKey show it (spec kms 3.1). Members that do not apply are absent. */
import { keyArn } from "../base/ids.ts";
import { currentMaterial, type KeyRecord } from "./model.ts";
import { algorithmsOf, type KeyUsage } from "./specs.ts";

export type KeyMetadata = Readonly<Record<string, unknown>>;

const ALGORITHM_MEMBER: Readonly<Record<KeyUsage, string>> = {
  ENCRYPT_DECRYPT: "EncryptionAlgorithms",
  SIGN_VERIFY: "SigningAlgorithms",
  GENERATE_VERIFY_MAC: "MacAlgorithms",
  KEY_AGREEMENT: "KeyAgreementAlgorithms",
};

export const epochSeconds = (ms: number): number => ms / 1000;

export function keyMetadata(key: KeyRecord, region: string): KeyMetadata {
  const current = key.spec === "SYMMETRIC_DEFAULT" ? currentMaterial(key) : undefined;
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: keyArn(region, key.account, key.keyId),
    CreationDate: epochSeconds(key.createdMs),
    Enabled: key.state.kind === "Enabled",
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state.kind,
    ...(key.state.kind === "PendingDeletion" && { DeletionDate: epochSeconds(key.state.deletionMs) }),
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    [ALGORITHM_MEMBER[key.usage]]: algorithmsOf(key.spec, key.usage),
    MultiRegion: key.multiRegion,
    ...(current !== undefined && { CurrentKeyMaterialId: current.id }),
  };
}
