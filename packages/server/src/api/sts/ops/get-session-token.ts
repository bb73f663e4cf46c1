import { getSessionToken } from "../../../iam/assume-role.ts";
import { operation } from "../call.ts";
import { serialNumber, tokenCode, tokenSeconds } from "../members.ts";
import { credentials, refuseMfa } from "../show.ts";

export const GetSessionToken = operation({
  name: "GetSessionToken",
  input: { DurationSeconds: tokenSeconds, SerialNumber: serialNumber, TokenCode: tokenCode },
  handle: (input, { sts, caller }) => {
    refuseMfa(input);
    return getSessionToken(sts, caller, input.DurationSeconds);
  },
  respond: credentials,
});
