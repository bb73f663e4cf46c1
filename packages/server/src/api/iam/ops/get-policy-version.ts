import { needPolicy, needVersion, versionsOf } from "../../../iam/managed-policies.ts";
import { wrap } from "../../common/xml-write.ts";
import { operation } from "../call.ts";
import { policyArn, versionId } from "../members.ts";
import { onPolicy } from "../needs.ts";
import { documentText, version } from "../show.ts";

export const GetPolicyVersion = operation({
  name: "GetPolicyVersion",
  input: { PolicyArn: policyArn, VersionId: versionId },
  needs: (input, call) => onPolicy(call, "GetPolicyVersion", input.PolicyArn),
  handle: async (input, call) => {
    const { value } = await call.directory.consistently(call.account, async () => {
      const view = await needPolicy(call.directory, call.account, input.PolicyArn);
      const number = needVersion(view, input.VersionId);
      const shown = versionsOf(view.policy).filter(({ id }) => id === input.VersionId);
      return { shown, text: await documentText(call, view, number) };
    });
    return value;
  },
  respond: ({ shown, text }) => shown.map((of) => wrap("PolicyVersion", version(of, text))).join(""),
});
