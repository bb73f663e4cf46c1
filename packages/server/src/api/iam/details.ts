/** Everything about an account's identities, entity by entity: users, groups, roles, own and ready-made policies. */
import { arnOf, type EntityOf, type HolderKind } from "../../iam/entity-records.ts";
import { type PolicyView, versionsOf, viewOf } from "../../iam/managed-policies.ts";
import { READY_MADE } from "../../iam/ready-made.ts";
import { groupsOf } from "../../iam/users.ts";
import { tag } from "../common/xml-write.ts";
import { encodedDocument, list } from "../query/document.ts";
import type { IamCall } from "./call.ts";
import {
  attachedPolicy,
  documentText,
  group,
  policyInFull,
  policyView,
  roleInFull,
  roleView,
  userInFull,
  version,
} from "./show.ts";

export interface Detail {
  /** Its place in the order of all: the kind's number, then the name. */
  readonly name: string;
  readonly list: "UserDetailList" | "GroupDetailList" | "RoleDetailList" | "Policies";
  readonly xml: string;
}
/** In the order of the pages. */
export const DETAIL_KINDS = ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"] as const;
type DetailKind = (typeof DETAIL_KINDS)[number];

export async function* detailsOf(
  call: IamCall,
  kinds: ReadonlySet<string>,
  after: string | undefined,
): AsyncGenerator<Detail> {
  for (const [number, kind] of DETAIL_KINDS.entries()) {
    if (!kinds.has(kind)) continue;
    const prefix = `${number}/`;
    if (after !== undefined && after >= `${number + 1}/`) continue;
    const name = after?.startsWith(prefix) === true ? after.slice(prefix.length) : undefined;
    for await (const detail of ofKind(call, kind, name)) yield { ...detail, name: prefix + detail.name };
  }
}

async function* ofKind(call: IamCall, kind: DetailKind, after: string | undefined): AsyncGenerator<Detail> {
  const { directory, account } = call;
  switch (kind) {
    case "User":
      for await (const entity of directory.all(account, "User", after)) yield await userDetail(call, entity);
      return;
    case "Group":
      for await (const entity of directory.all(account, "Group", after)) {
        const xml = group(account, entity) + (await policiesOn(call, "Group", entity));
        yield { name: entity.name, list: "GroupDetailList", xml };
      }
      return;
    case "Role":
      for await (const entity of directory.all(account, "Role", after)) {
        const shown = roleInFull(account, await roleView(call, entity));
        const xml =
          shown + (await policiesOn(call, "Role", entity)) + list("InstanceProfileList", [], () => "");
        yield { name: entity.name, list: "RoleDetailList", xml };
      }
      return;
    case "LocalManagedPolicy":
      for await (const entity of directory.all(account, "Policy", after))
        yield await policyDetail(call, { arn: arnOf(account, entity), policy: entity, readyMade: undefined });
      return;
    case "AWSManagedPolicy":
      for (const made of READY_MADE.values())
        if (after === undefined || made.name > after) yield await policyDetail(call, viewOf(made));
  }
}

async function userDetail(call: IamCall, entity: EntityOf<"User">): Promise<Detail> {
  const groups = await groupsOf(call.directory, call.account, entity);
  const xml =
    userInFull(call.account, entity) +
    (await policiesOn(call, "User", entity)) +
    list("GroupList", groups, ({ name }) => name);
  return { name: entity.name, list: "UserDetailList", xml };
}

async function policiesOn(call: IamCall, kind: HolderKind, entity: EntityOf<HolderKind>): Promise<string> {
  const inline = await Promise.all(
    entity.inline.map(async (name) => ({
      name,
      text: (await call.directory.inline(call.account, entity.id, name)).text,
    })),
  );
  return (
    list(
      `${kind}PolicyList`,
      inline,
      ({ name, text }) => tag("PolicyName", name) + tag("PolicyDocument", encodedDocument(text)),
    ) + list("AttachedManagedPolicies", entity.attached, attachedPolicy)
  );
}

async function policyDetail(call: IamCall, view: PolicyView): Promise<Detail> {
  const shown = await policyView(call, view);
  const versions = await Promise.all(
    versionsOf(view.policy).map(async (of) =>
      version(of, await documentText(call, view, Number(of.id.slice(1)))),
    ),
  );
  const xml = policyInFull(shown) + list("PolicyVersionList", versions, (text) => text);
  return { name: view.policy.name, list: "Policies", xml };
}
