import { parametersForImport } from "../../../kms/import.ts";
import { WRAPPING_ALGORITHMS } from "../../../kms/import-token.ts";
import { base64, time } from "../encode.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

const BITS = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 } as const;

export const GetParametersForImport = operation({
  name: "GetParametersForImport",
  input: {
    KeyId: keyId,
    WrappingAlgorithm: is.required(is.oneOf(WRAPPING_ALGORITHMS)),
    WrappingKeySpec: is.required(is.oneOf(["RSA_2048", "RSA_3072", "RSA_4096"])),
  },
  handle: (input, { kms, requester }) =>
    parametersForImport(kms, requester, input.KeyId, input.WrappingAlgorithm, BITS[input.WrappingKeySpec]),
  respond: ({ arn, publicKey, token, validToMs }) => ({
    KeyId: arn,
    ImportToken: base64(token),
    PublicKey: base64(publicKey),
    ParametersValidTo: time(validToMs),
  }),
});
