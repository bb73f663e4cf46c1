/** Entities as IAM's answers show them. */
import type { AccountId } from "../../base/ids.ts";
import { arnOf, type Group, type Role, type Tags, type User } from "../../iam/entity-records.ts";
import { documentOf, type PolicyView, usersOfPolicy, type VersionView } from "../../iam/managed-policies.ts";
import type { Page } from "../../iam/paging.ts";
import { presentStored } from "../../iam/principals.ts";
import { tag, wrap } from "../common/xml-write.ts";
import { encodedDocument, list, time } from "../query/document.ts";
import type { IamCall } from "./call.ts";

export function page<T>(name: string, { items, marker }: Page<T>, show: (item: T) => string): string {
  return list(name, items, show) + pageEnd({ marker });
}
export const pageEnd = ({ marker }: Pick<Page<unknown>, "marker">): string =>
  tag("IsTruncated", marker !== undefined) + tag("Marker", marker);

export const tagList = (tags: Tags): string =>
  tags.length === 0 ? "" : list("Tags", tags, ({ key, value }) => tag("Key", key) + tag("Value", value));

export const boundary = (arn: string | undefined): string =>
  arn === undefined
    ? ""
    : wrap(
        "PermissionsBoundary",
        tag("PermissionsBoundaryType", "Policy") + tag("PermissionsBoundaryArn", arn),
      );

/** As lists show it: without tags and boundary. */
export const user = (account: AccountId, entity: User): string =>
  tag("Path", entity.path) +
  tag("UserName", entity.name) +
  tag("UserId", entity.id) +
  tag("Arn", arnOf(account, entity)) +
  tag("CreateDate", time(entity.createdMs));
export const userInFull = (account: AccountId, entity: User): string =>
  user(account, entity) + boundary(entity.boundary) + tagList(entity.tags);

export const group = (account: AccountId, entity: Group): string =>
  tag("Path", entity.path) +
  tag("GroupName", entity.name) +
  tag("GroupId", entity.id) +
  tag("Arn", arnOf(account, entity)) +
  tag("CreateDate", time(entity.createdMs));

/** A role with its trust policy as it is shown today: renamed principals renamed, gone ones as ids. */
export interface ShownRole {
  readonly role: Role;
  readonly trust: string;
}
export async function roleView(call: IamCall, role: Role): Promise<ShownRole> {
  const bindings = new Map(Object.entries(role.trustBindings));
  return { role, trust: await presentStored(call.directory, role.trust, "trust", bindings) };
}
const roleBase = (account: AccountId, { role: entity, trust }: ShownRole): string =>
  tag("Path", entity.path) +
  tag("RoleName", entity.name) +
  tag("RoleId", entity.id) +
  tag("Arn", arnOf(account, entity)) +
  tag("CreateDate", time(entity.createdMs)) +
  tag("AssumeRolePolicyDocument", encodedDocument(trust)) +
  tag("Description", entity.description);
const roleMore = ({ role: entity }: ShownRole): string => boundary(entity.boundary) + tagList(entity.tags);

/** As CreateRole shows it: what was asked for, without the duration (AWS, recorded). */
export const newRole = (account: AccountId, shown: ShownRole): string =>
  roleBase(account, shown) + roleMore(shown);
/** As lists show it. */
export const role = (account: AccountId, shown: ShownRole): string =>
  roleBase(account, shown) + tag("MaxSessionDuration", shown.role.maxSessionSeconds);
export const roleInFull = (account: AccountId, shown: ShownRole): string =>
  role(account, shown) + roleMore(shown);

/** A managed policy with the number of its users. */
export interface ShownPolicy {
  readonly view: PolicyView;
  readonly attachments: number;
  readonly boundaries: number;
}
export async function policyView(call: IamCall, view: PolicyView): Promise<ShownPolicy> {
  const { directory, account } = call;
  return {
    view,
    attachments: (await usersOfPolicy(directory, account, view.arn, "attached")).length,
    boundaries: (await usersOfPolicy(directory, account, view.arn, "boundary")).length,
  };
}
/** As lists show it: without description and tags. */
export const policy = ({ view: { arn, policy: entity }, attachments, boundaries }: ShownPolicy): string =>
  tag("PolicyName", entity.name) +
  tag("PolicyId", entity.id) +
  tag("Arn", arn) +
  tag("Path", entity.path) +
  tag("DefaultVersionId", `v${entity.defaultVersion}`) +
  tag("AttachmentCount", attachments) +
  tag("PermissionsBoundaryUsageCount", boundaries) +
  tag("IsAttachable", true) +
  tag("CreateDate", time(entity.createdMs)) +
  tag("UpdateDate", time(entity.updatedMs));
export const policyInFull = (shown: ShownPolicy): string =>
  policy(shown) + tag("Description", shown.view.policy.description) + tagList(shown.view.policy.tags);

export const version = ({ id, isDefault, createdMs }: VersionView, document?: string): string =>
  (document === undefined ? "" : tag("Document", encodedDocument(document))) +
  tag("VersionId", id) +
  tag("IsDefaultVersion", isDefault) +
  tag("CreateDate", time(createdMs));

export const attachedPolicy = (arn: string): string =>
  tag("PolicyName", arn.slice(arn.lastIndexOf("/") + 1)) + tag("PolicyArn", arn);

export async function documentText(call: IamCall, view: PolicyView, number: number): Promise<string> {
  return (await documentOf(call.directory, call.account, view, number)).text;
}
