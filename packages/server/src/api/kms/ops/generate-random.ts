import { generateRandom } from "../../../kms/random.ts";
import { secretBase64 } from "../encode.ts";
import { recipient, refuseRecipient } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const GenerateRandom = operation({
  name: "GenerateRandom",
  input: {
    NumberOfBytes: is.integer(1, 1024),
    CustomKeyStoreId: is.text({ min: 1, max: 64 }),
    Recipient: recipient,
  },
  handle: (input, { kms, requester }) => {
    refuseRecipient(input.Recipient);
    return generateRandom(kms, requester, input.NumberOfBytes, input.CustomKeyStoreId);
  },
  respond: (bytes) => ({ Plaintext: secretBase64(bytes) }),
});
