import { createKey } from "../../../kms/creation.ts";
import { KEY_SPECS, KEY_USAGES } from "../../../kms/specs.ts";
import { description, policy, tagsOf, tags } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const CreateKey = operation({
  name: "CreateKey",
  input: {
    Policy: policy,
    Description: description,
    KeyUsage: is.oneOf(KEY_USAGES),
    CustomerMasterKeySpec: is.oneOf(KEY_SPECS),
    KeySpec: is.oneOf(KEY_SPECS),
    Origin: is.oneOf(["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]),
    CustomKeyStoreId: is.text({ min: 1, max: 64 }),
    BypassPolicyLockoutSafetyCheck: is.flag,
    Tags: tags,
    MultiRegion: is.flag,
    XksKeyId: is.text({ min: 1, max: 128, pattern: "^[a-zA-Z0-9-_.]+$" }),
  },
  handle: (input, { kms, requester }) =>
    createKey(kms, requester, {
      policy: input.Policy,
      description: input.Description,
      usage: input.KeyUsage,
      spec: input.KeySpec,
      customerMasterKeySpec: input.CustomerMasterKeySpec,
      origin: input.Origin,
      multiRegion: input.MultiRegion,
      tags: tagsOf(input.Tags),
      bypassLockoutCheck: input.BypassPolicyLockoutSafetyCheck,
      customKeyStore: input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined,
    }),
  respond: (metadata) => ({ KeyMetadata: metadata }),
});
