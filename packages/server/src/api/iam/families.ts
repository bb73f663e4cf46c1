/** Operations that exist for users, groups and roles alike: their names and parameters follow from the kind. */
import {
  attach,
  deleteBoundary,
  deleteInline,
  detach,
  getInline,
  putBoundary,
  putInline,
} from "../../iam/attachments.ts";
import { need } from "../../iam/entities.ts";
import type { HolderKind, Tags } from "../../iam/entity-records.ts";
import { tagHolder, untagHolder } from "../../iam/holders.ts";
import { laterThan, pageOf } from "../../iam/paging.ts";
import { tag } from "../common/xml-write.ts";
import { encodedDocument } from "../query/document.ts";
import { is } from "../query/schema.ts";
import { type IamOperation, operation } from "./call.ts";
import {
  arn,
  existingUserName,
  holderName,
  paging,
  pagingOf,
  pathPrefix,
  policyArn,
  policyDocument,
  policyName,
  tagKeys,
  tags,
  tagsOf,
} from "./members.ts";
import { onHolder, onOwner, ownerOf } from "./needs.ts";
import { attachedPolicy, page } from "./show.ts";

export function putPolicyOf(kind: HolderKind): IamOperation {
  const name = `Put${kind}Policy`;
  return operation({
    name,
    input: { holder: holderName(kind), PolicyName: policyName, PolicyDocument: policyDocument },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: (input, { directory, account }) =>
      putInline(directory, account, kind, input.holder, input.PolicyName, input.PolicyDocument),
  });
}

export function getPolicyOf(kind: HolderKind): IamOperation {
  const name = `Get${kind}Policy`;
  return operation({
    name,
    input: { holder: holderName(kind), PolicyName: policyName },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: (input, { directory, account }) =>
      getInline(directory, account, kind, input.holder, input.PolicyName),
    respond: (text, input) =>
      tag(`${kind}Name`, input.holder) +
      tag("PolicyName", input.PolicyName) +
      tag("PolicyDocument", encodedDocument(text)),
  });
}

export function deletePolicyOf(kind: HolderKind): IamOperation {
  const name = `Delete${kind}Policy`;
  return operation({
    name,
    input: { holder: holderName(kind), PolicyName: policyName },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: (input, { directory, account }) =>
      deleteInline(directory, account, kind, input.holder, input.PolicyName),
  });
}

export function listPoliciesOf(kind: HolderKind): IamOperation {
  const name = `List${kind}Policies`;
  return operation({
    name,
    input: { holder: holderName(kind), ...paging },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: async (input, { directory, account, tokens }) => {
      const { id, inline } = await need(directory, account, kind, input.holder);
      const itself = (policy: string): string => policy;
      return pageOf(tokens, [name, id], pagingOf(input), laterThan(inline, itself), itself);
    },
    respond: (found) => page("PolicyNames", found, textOnly),
  });
}
/** The text of a list entry that is nothing more; names need no escaping. */
const textOnly = (name: string): string => name;

export function attachPolicyTo(kind: HolderKind): IamOperation {
  const name = `Attach${kind}Policy`;
  return operation({
    name,
    input: { holder: holderName(kind), PolicyArn: policyArn },
    needs: (input, call) => onHolder(call, name, kind, input.holder, { policyArn: input.PolicyArn }),
    handle: (input, { directory, account }) =>
      attach(directory, account, kind, input.holder, input.PolicyArn),
  });
}

export function detachPolicyFrom(kind: HolderKind): IamOperation {
  const name = `Detach${kind}Policy`;
  return operation({
    name,
    input: { holder: holderName(kind), PolicyArn: policyArn },
    needs: (input, call) => onHolder(call, name, kind, input.holder, { policyArn: input.PolicyArn }),
    handle: (input, { directory, account }) =>
      detach(directory, account, kind, input.holder, input.PolicyArn),
  });
}

export function listAttachedPoliciesOf(kind: HolderKind): IamOperation {
  const name = `ListAttached${kind}Policies`;
  return operation({
    name,
    input: { holder: holderName(kind), PathPrefix: pathPrefix, ...paging },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: async (input, { directory, account, tokens }) => {
      const { id, attached } = await need(directory, account, kind, input.holder);
      const { PathPrefix: prefix = "/" } = input;
      const shown = attached.filter((policy) =>
        policy.slice(policy.indexOf(":policy/") + 7).startsWith(prefix),
      );
      const itself = (policy: string): string => policy;
      return pageOf(tokens, [name, id, prefix], pagingOf(input), laterThan(shown, itself), itself);
    },
    respond: (found) => page("AttachedPolicies", found, attachedPolicy),
  });
}

export function putBoundaryOf(kind: "User" | "Role"): IamOperation {
  const name = `Put${kind}PermissionsBoundary`;
  return operation({
    name,
    input: { holder: holderName(kind), PermissionsBoundary: is.required(arn) },
    needs: (input, call) => onHolder(call, name, kind, input.holder, { boundary: input.PermissionsBoundary }),
    handle: (input, { directory, account }) =>
      putBoundary(directory, account, kind, input.holder, input.PermissionsBoundary),
  });
}

export function deleteBoundaryOf(kind: "User" | "Role"): IamOperation {
  const name = `Delete${kind}PermissionsBoundary`;
  return operation({
    name,
    input: { holder: holderName(kind) },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: (input, { directory, account }) => deleteBoundary(directory, account, kind, input.holder),
  });
}

export function tagOf(kind: "User" | "Role"): IamOperation {
  const name = `Tag${kind}`;
  return operation({
    name,
    input: { holder: holderName(kind), Tags: is.required(tags) },
    needs: (input, call) => onHolder(call, name, kind, input.holder, { tags: tagsOf(input.Tags) }),
    handle: (input, { directory, account }) =>
      tagHolder(directory, account, kind, input.holder, tagsOf(input.Tags)),
  });
}

export function untagOf(kind: "User" | "Role"): IamOperation {
  const name = `Untag${kind}`;
  return operation({
    name,
    input: { holder: holderName(kind), TagKeys: tagKeys },
    needs: (input, call) => onHolder(call, name, kind, input.holder, { tagKeys: input.TagKeys }),
    handle: (input, { directory, account }) =>
      untagHolder(directory, account, kind, input.holder, input.TagKeys),
  });
}

export function listTagsOf(kind: "User" | "Role"): IamOperation {
  const name = `List${kind}Tags`;
  return operation({
    name,
    input: { holder: holderName(kind), ...paging },
    needs: (input, call) => onHolder(call, name, kind, input.holder),
    handle: async (input, { directory, account, tokens }) => {
      const { id, tags: all } = await need(directory, account, kind, input.holder);
      const keyOf = (entry: Tags[number]): string => entry.key;
      return pageOf(tokens, [name, id], pagingOf(input), laterThan(all, keyOf), keyOf);
    },
    // The element is there also when it is empty.
    respond: (found) => page("Tags", found, ({ key, value }) => tag("Key", key) + tag("Value", value)),
  });
}

/** Lists of what users have in AWS and never have here. */
export function emptyListOf(name: string, element: string): IamOperation {
  return operation({
    name,
    input: { UserName: existingUserName, ...paging },
    needs: (input, call) => onOwner(call, name, ownerOf(call, input.UserName)),
    handle: async (input, { directory, account }) => {
      if (input.UserName !== undefined) await need(directory, account, "User", input.UserName);
    },
    respond: () => page(element, { items: [], marker: undefined }, () => ""),
  });
}
