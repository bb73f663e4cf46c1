import { fail } from "../../../base/errors.ts";
import { need } from "../../../iam/entities.ts";
import { operation } from "../call.ts";
import { holderName } from "../members.ts";
import { onHolder } from "../needs.ts";

/** Users have no passwords here; tools ask before they delete a user. */
export const GetLoginProfile = operation({
  name: "GetLoginProfile",
  input: { holder: holderName("User") },
  needs: (input, call) => onHolder(call, "GetLoginProfile", "User", input.holder),
  handle: async (input, { directory, account }) => {
    await need(directory, account, "User", input.holder);
    fail("NoSuchEntity", `Login Profile for User ${input.holder} cannot be found.`);
  },
});
