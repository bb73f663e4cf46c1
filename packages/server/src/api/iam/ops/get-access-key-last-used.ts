import { lastUseOf } from "../../../iam/access-keys.ts";
import { tag, wrap } from "../../common/xml-write.ts";
import { time } from "../../query/document.ts";
import { operation } from "../call.ts";
import { accessKeyId } from "../members.ts";
import { onAccount, onHolder } from "../needs.ts";
import { ROOT_NAME } from "../owner-name.ts";

export const GetAccessKeyLastUsed = operation({
  name: "GetAccessKeyLastUsed",
  input: { AccessKeyId: accessKeyId },
  needs: async (input, call) => {
    const found = await lastUseOf(call.directory, call.account, input.AccessKeyId).catch(() => undefined);
    // A key that is not there is refused to whoever may not ask about any.
    return found?.userName === undefined
      ? onAccount("GetAccessKeyLastUsed")
      : onHolder(call, "GetAccessKeyLastUsed", "User", found.userName);
  },
  handle: (input, { directory, account }) => lastUseOf(directory, account, input.AccessKeyId),
  respond: ({ userName = ROOT_NAME, lastUse }) =>
    tag("UserName", userName) +
    wrap(
      "AccessKeyLastUsed",
      tag("LastUsedDate", lastUse && time(lastUse.atMs)) +
        tag("ServiceName", lastUse?.service ?? "N/A") +
        tag("Region", lastUse?.region ?? "N/A"),
    ),
});
