/** KeyMetadata as DescribeKey and CreateKey show it (spec kms 3.1). Members that do not apply are absent. */
import { keyArn } from "../base/ids.ts";
import { currentMaterial, type KeyRecord, type Material, stateOf } from "./model.ts";
import { algorithmsOf, type KeyUsage } from "./specs.ts";

export type KeyMetadata = Readonly<Record<string, unknown>>;

const ALGORITHM_MEMBER: Readonly<Record<KeyUsage, string>> = {
  ENCRYPT_DECRYPT: "EncryptionAlgorithms",
  SIGN_VERIFY: "SigningAlgorithms",
  GENERATE_VERIFY_MAC: "MacAlgorithms",
  KEY_AGREEMENT: "KeyAgreementAlgorithms",
};

export const epochSeconds = (ms: number): number => ms / 1000;

/** The algorithms that the key offers, under the member that its usage has for them. */
export const algorithmMember = ({ spec, usage }: Pick<KeyRecord, "spec" | "usage">): KeyMetadata => ({
  [ALGORITHM_MEMBER[usage]]: algorithmsOf(spec, usage),
});

/** Of imported material; absent before the first import. */
function expiry({ origin }: KeyRecord, current: Material | undefined): KeyMetadata {
  if (origin !== "EXTERNAL" || current?.imported?.present !== true) return {};
  const { validToMs } = current.imported;
  if (validToMs === undefined) return { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" };
  return { ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: epochSeconds(validToMs) };
}

/** Every multi-Region key is a primary without replicas: there is one region. */
function multiRegion({ multiRegion, account, keyId }: KeyRecord, region: string): KeyMetadata {
  if (!multiRegion) return { MultiRegion: false };
  return {
    MultiRegion: true,
    MultiRegionConfiguration: {
      MultiRegionKeyType: "PRIMARY",
      PrimaryKey: { Arn: keyArn(region, account, keyId), Region: region },
      ReplicaKeys: [],
    },
  };
}

export function keyMetadata(key: KeyRecord, region: string, nowMs: number): KeyMetadata {
  const state = stateOf(key, nowMs);
  const current = key.spec === "SYMMETRIC_DEFAULT" ? currentMaterial(key) : undefined;
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: keyArn(region, key.account, key.keyId),
    CreationDate: epochSeconds(key.createdMs),
    Enabled: state.kind === "Enabled",
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: state.kind,
    ...(state.kind === "PendingDeletion" && { DeletionDate: epochSeconds(state.deletionMs) }),
    ...expiry(key, currentMaterial(key)),
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...algorithmMember(key),
    ...multiRegion(key, region),
    ...(current !== undefined && { CurrentKeyMaterialId: current.id }),
  };
}
