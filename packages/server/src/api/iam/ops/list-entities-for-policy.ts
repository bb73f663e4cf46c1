import type { Entity } from "../../../iam/entity-records.ts";
import { needPolicy, usersOfPolicy } from "../../../iam/managed-policies.ts";
import { laterThan, pageOf } from "../../../iam/paging.ts";
import { tag } from "../../common/xml-write.ts";
import { list } from "../../query/document.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, path, policyArn } from "../members.ts";
import { onPolicy } from "../needs.ts";
import { pageEnd } from "../show.ts";

const nameOf = (entity: Entity): string => `${entity.kind}/${entity.name.toLowerCase()}`;

export const ListEntitiesForPolicy = operation({
  name: "ListEntitiesForPolicy",
  input: {
    PolicyArn: policyArn,
    EntityFilter: is.oneOf(["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]),
    PathPrefix: path,
    PolicyUsageFilter: is.oneOf(["PermissionsPolicy", "PermissionsBoundary"]),
    ...paging,
  },
  needs: (input, call) => onPolicy(call, "ListEntitiesForPolicy", input.PolicyArn),
  handle: async (input, { directory, account, tokens }) => {
    const { PathPrefix: prefix = "/", EntityFilter: filter, PolicyUsageFilter: usage } = input;
    const { arn } = await needPolicy(directory, account, input.PolicyArn);
    const usages =
      usage === undefined
        ? (["attached", "boundary"] as const)
        : usage === "PermissionsPolicy"
          ? (["attached"] as const)
          : (["boundary"] as const);
    const ids = new Set<string>();
    for (const of of usages) for (const id of await usersOfPolicy(directory, account, arn, of)) ids.add(id);
    const entities: Entity[] = [];
    for (const id of ids) {
      const entity = (await directory.byId(id))?.entity;
      if (entity === undefined || (filter !== undefined && entity.kind !== filter)) continue;
      if (entity.path.startsWith(prefix)) entities.push(entity);
    }
    const name = ["ListEntitiesForPolicy", account, arn, prefix, filter ?? "", usage ?? ""];
    return pageOf(tokens, name, pagingOf(input), laterThan(entities, nameOf), nameOf);
  },
  respond: ({ items, marker }) => {
    const of = (kind: Entity["kind"]): string =>
      list(
        `Policy${kind}s`,
        items.filter((entity) => entity.kind === kind),
        ({ name, id }) => tag(`${kind}Name`, name) + tag(`${kind}Id`, id),
      );
    return of("Group") + of("User") + of("Role") + pageEnd({ marker });
  },
});
