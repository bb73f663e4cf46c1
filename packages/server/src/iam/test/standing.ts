/** Callers of tests that no authentication vouches for: with the policies given here, or with none. */
import type { Principal } from "../../base/caller.ts";
import type { Policy } from "../../policy/index.ts";
import { CompiledStanding, compileText } from "../standing.ts";

export function withStanding(
  principal: Principal,
  texts: readonly string[] = [],
  more: { readonly boundary?: Policy; readonly session?: readonly Policy[] } = {},
): Principal {
  const identity = texts.map((text, i) => compileText(text, `policy ${i + 1}`));
  switch (principal.kind) {
    case "user": {
      const { kind, account, arn, userId: id, name } = principal;
      const standing = new CompiledStanding({
        principal: { kind, account, arn, id, name },
        identity,
        ...more,
      });
      return { ...principal, standing };
    }
    case "role-session": {
      const { kind, account, arn, roleArn, userId } = principal;
      const [roleId = "", sessionName = ""] = userId.split(":");
      const standing = new CompiledStanding({
        principal: { kind, account, arn, roleArn, roleId, sessionName },
        identity,
        ...more,
      });
      return { ...principal, standing };
    }
    case "federated": {
      const { kind, account, arn, name } = principal;
      return {
        ...principal,
        standing: new CompiledStanding({ principal: { kind, account, arn, name }, identity, ...more }),
      };
    }
    case "root":
    case "anonymous":
    case "internal":
      return principal;
  }
}
