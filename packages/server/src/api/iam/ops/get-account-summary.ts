import {
  ACCESS_KEYS_PER_USER_MAX,
  ATTACHED_POLICIES_MAX,
  GROUPS_PER_ACCOUNT_MAX,
  GROUPS_PER_USER_MAX,
  INLINE_GROUP_CHARS_MAX,
  INLINE_ROLE_CHARS_MAX,
  INLINE_USER_CHARS_MAX,
  MANAGED_POLICIES_PER_ACCOUNT_MAX,
  MANAGED_POLICY_CHARS_MAX,
  POLICY_VERSIONS_MAX,
  ROLES_PER_ACCOUNT_MAX,
  TRUST_POLICY_CHARS_MAX,
  USERS_PER_ACCOUNT_MAX,
} from "../../../base/limits.ts";
import { rootKeys } from "../../../iam/access-keys.ts";
import { tag, wrap } from "../../common/xml-write.ts";
import { operation } from "../call.ts";
import { onAccount } from "../needs.ts";

export const GetAccountSummary = operation({
  name: "GetAccountSummary",
  input: {},
  needs: () => onAccount("GetAccountSummary"),
  handle: async (_, { directory, account }) => ({
    Users: await directory.count(account, "User"),
    UsersQuota: USERS_PER_ACCOUNT_MAX,
    Groups: await directory.count(account, "Group"),
    GroupsQuota: GROUPS_PER_ACCOUNT_MAX,
    Roles: await directory.count(account, "Role"),
    RolesQuota: ROLES_PER_ACCOUNT_MAX,
    Policies: await directory.count(account, "Policy"),
    PoliciesQuota: MANAGED_POLICIES_PER_ACCOUNT_MAX,
    PolicySizeQuota: MANAGED_POLICY_CHARS_MAX,
    VersionsPerPolicyQuota: POLICY_VERSIONS_MAX,
    UserPolicySizeQuota: INLINE_USER_CHARS_MAX,
    GroupPolicySizeQuota: INLINE_GROUP_CHARS_MAX,
    RolePolicySizeQuota: INLINE_ROLE_CHARS_MAX,
    AssumeRolePolicySizeQuota: TRUST_POLICY_CHARS_MAX,
    GroupsPerUserQuota: GROUPS_PER_USER_MAX,
    AccessKeysPerUserQuota: ACCESS_KEYS_PER_USER_MAX,
    AttachedPoliciesPerUserQuota: ATTACHED_POLICIES_MAX,
    AttachedPoliciesPerGroupQuota: ATTACHED_POLICIES_MAX,
    AttachedPoliciesPerRoleQuota: ATTACHED_POLICIES_MAX,
    AccountAccessKeysPresent: (await rootKeys(directory, account)).length > 0 ? 1 : 0,
    AccountMFAEnabled: 0,
    MFADevices: 0,
    MFADevicesInUse: 0,
  }),
  respond: (summary) =>
    wrap(
      "SummaryMap",
      Object.entries(summary)
        .map(([key, value]) => wrap("entry", tag("key", key) + tag("value", value)))
        .join(""),
    ),
});
