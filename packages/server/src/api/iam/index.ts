/** The operations of IAM. Routes, metric names and the support table of the docs come from this list. */
import type { IamOperation } from "./call.ts";
import { AddUserToGroup } from "./ops/add-user-to-group.ts";
import { AttachGroupPolicy } from "./ops/attach-group-policy.ts";
import { AttachRolePolicy } from "./ops/attach-role-policy.ts";
import { AttachUserPolicy } from "./ops/attach-user-policy.ts";
import { CreateAccessKey } from "./ops/create-access-key.ts";
import { CreateAccountAlias } from "./ops/create-account-alias.ts";
import { CreateGroup } from "./ops/create-group.ts";
import { CreatePolicy } from "./ops/create-policy.ts";
import { CreatePolicyVersion } from "./ops/create-policy-version.ts";
import { CreateRole } from "./ops/create-role.ts";
import { CreateUser } from "./ops/create-user.ts";
import { DeleteAccessKey } from "./ops/delete-access-key.ts";
import { DeleteAccountAlias } from "./ops/delete-account-alias.ts";
import { DeleteGroup } from "./ops/delete-group.ts";
import { DeleteGroupPolicy } from "./ops/delete-group-policy.ts";
import { DeleteLoginProfile } from "./ops/delete-login-profile.ts";
import { DeletePolicy } from "./ops/delete-policy.ts";
import { DeletePolicyVersion } from "./ops/delete-policy-version.ts";
import { DeleteRole } from "./ops/delete-role.ts";
import { DeleteRolePermissionsBoundary } from "./ops/delete-role-permissions-boundary.ts";
import { DeleteRolePolicy } from "./ops/delete-role-policy.ts";
import { DeleteUser } from "./ops/delete-user.ts";
import { DeleteUserPermissionsBoundary } from "./ops/delete-user-permissions-boundary.ts";
import { DeleteUserPolicy } from "./ops/delete-user-policy.ts";
import { DetachGroupPolicy } from "./ops/detach-group-policy.ts";
import { DetachRolePolicy } from "./ops/detach-role-policy.ts";
import { DetachUserPolicy } from "./ops/detach-user-policy.ts";
import { GetAccessKeyLastUsed } from "./ops/get-access-key-last-used.ts";
import { GetAccountAuthorizationDetails } from "./ops/get-account-authorization-details.ts";
import { GetAccountSummary } from "./ops/get-account-summary.ts";
import { GetGroup } from "./ops/get-group.ts";
import { GetGroupPolicy } from "./ops/get-group-policy.ts";
import { GetLoginProfile } from "./ops/get-login-profile.ts";
import { GetPolicy } from "./ops/get-policy.ts";
import { GetPolicyVersion } from "./ops/get-policy-version.ts";
import { GetRole } from "./ops/get-role.ts";
import { GetRolePolicy } from "./ops/get-role-policy.ts";
import { GetUser } from "./ops/get-user.ts";
import { GetUserPolicy } from "./ops/get-user-policy.ts";
import { ListAccessKeys } from "./ops/list-access-keys.ts";
import { ListAccountAliases } from "./ops/list-account-aliases.ts";
import { ListAttachedGroupPolicies } from "./ops/list-attached-group-policies.ts";
import { ListAttachedRolePolicies } from "./ops/list-attached-role-policies.ts";
import { ListAttachedUserPolicies } from "./ops/list-attached-user-policies.ts";
import { ListEntitiesForPolicy } from "./ops/list-entities-for-policy.ts";
import { ListGroupPolicies } from "./ops/list-group-policies.ts";
import { ListGroups } from "./ops/list-groups.ts";
import { ListGroupsForUser } from "./ops/list-groups-for-user.ts";
import { ListInstanceProfilesForRole } from "./ops/list-instance-profiles-for-role.ts";
import { ListMFADevices } from "./ops/list-mfa-devices.ts";
import { ListPolicies } from "./ops/list-policies.ts";
import { ListPolicyTags } from "./ops/list-policy-tags.ts";
import { ListPolicyVersions } from "./ops/list-policy-versions.ts";
import { ListRolePolicies } from "./ops/list-role-policies.ts";
import { ListRoleTags } from "./ops/list-role-tags.ts";
import { ListRoles } from "./ops/list-roles.ts";
import { ListSSHPublicKeys } from "./ops/list-ssh-public-keys.ts";
import { ListServiceSpecificCredentials } from "./ops/list-service-specific-credentials.ts";
import { ListSigningCertificates } from "./ops/list-signing-certificates.ts";
import { ListUserPolicies } from "./ops/list-user-policies.ts";
import { ListUserTags } from "./ops/list-user-tags.ts";
import { ListUsers } from "./ops/list-users.ts";
import { ListVirtualMFADevices } from "./ops/list-virtual-mfa-devices.ts";
import { PutGroupPolicy } from "./ops/put-group-policy.ts";
import { PutRolePermissionsBoundary } from "./ops/put-role-permissions-boundary.ts";
import { PutRolePolicy } from "./ops/put-role-policy.ts";
import { PutUserPermissionsBoundary } from "./ops/put-user-permissions-boundary.ts";
import { PutUserPolicy } from "./ops/put-user-policy.ts";
import { RemoveUserFromGroup } from "./ops/remove-user-from-group.ts";
import { SetDefaultPolicyVersion } from "./ops/set-default-policy-version.ts";
import { SimulateCustomPolicy } from "./ops/simulate-custom-policy.ts";
import { SimulatePrincipalPolicy } from "./ops/simulate-principal-policy.ts";
import { TagPolicy } from "./ops/tag-policy.ts";
import { TagRole } from "./ops/tag-role.ts";
import { TagUser } from "./ops/tag-user.ts";
import { UntagPolicy } from "./ops/untag-policy.ts";
import { UntagRole } from "./ops/untag-role.ts";
import { UntagUser } from "./ops/untag-user.ts";
import { UpdateAccessKey } from "./ops/update-access-key.ts";
import { UpdateAssumeRolePolicy } from "./ops/update-assume-role-policy.ts";
import { UpdateGroup } from "./ops/update-group.ts";
import { UpdateRole } from "./ops/update-role.ts";
import { UpdateRoleDescription } from "./ops/update-role-description.ts";
import { UpdateUser } from "./ops/update-user.ts";

const LIST: readonly IamOperation[] = [
  AddUserToGroup,
  AttachGroupPolicy,
  AttachRolePolicy,
  AttachUserPolicy,
  CreateAccessKey,
  CreateAccountAlias,
  CreateGroup,
  CreatePolicy,
  CreatePolicyVersion,
  CreateRole,
  CreateUser,
  DeleteAccessKey,
  DeleteAccountAlias,
  DeleteGroup,
  DeleteGroupPolicy,
  DeleteLoginProfile,
  DeletePolicy,
  DeletePolicyVersion,
  DeleteRole,
  DeleteRolePermissionsBoundary,
  DeleteRolePolicy,
  DeleteUser,
  DeleteUserPermissionsBoundary,
  DeleteUserPolicy,
  DetachGroupPolicy,
  DetachRolePolicy,
  DetachUserPolicy,
  GetAccessKeyLastUsed,
  GetAccountAuthorizationDetails,
  GetAccountSummary,
  GetGroup,
  GetGroupPolicy,
  GetLoginProfile,
  GetPolicy,
  GetPolicyVersion,
  GetRole,
  GetRolePolicy,
  GetUser,
  GetUserPolicy,
  ListAccessKeys,
  ListAccountAliases,
  ListAttachedGroupPolicies,
  ListAttachedRolePolicies,
  ListAttachedUserPolicies,
  ListEntitiesForPolicy,
  ListGroupPolicies,
  ListGroups,
  ListGroupsForUser,
  ListInstanceProfilesForRole,
  ListMFADevices,
  ListPolicies,
  ListPolicyTags,
  ListPolicyVersions,
  ListRolePolicies,
  ListRoleTags,
  ListRoles,
  ListSSHPublicKeys,
  ListServiceSpecificCredentials,
  ListSigningCertificates,
  ListUserPolicies,
  ListUserTags,
  ListUsers,
  ListVirtualMFADevices,
  PutGroupPolicy,
  PutRolePermissionsBoundary,
  PutRolePolicy,
  PutUserPermissionsBoundary,
  PutUserPolicy,
  RemoveUserFromGroup,
  SetDefaultPolicyVersion,
  SimulateCustomPolicy,
  SimulatePrincipalPolicy,
  TagPolicy,
  TagRole,
  TagUser,
  UntagPolicy,
  UntagRole,
  UntagUser,
  UpdateAccessKey,
  UpdateAssumeRolePolicy,
  UpdateGroup,
  UpdateRole,
  UpdateRoleDescription,
  UpdateUser,
];

export const IAM_OPERATIONS: ReadonlyMap<string, IamOperation> = new Map(LIST.map((op) => [op.name, op]));
