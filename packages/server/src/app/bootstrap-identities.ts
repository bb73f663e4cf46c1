/** The accounts of a bootstrap file with their policies, groups, users and roles, in the order in which they need one another. */
import { parseAccountId } from "../base/ids.ts";
import { ensureGroup, ensurePolicy, ensureRole, ensureUser } from "../iam/ensure.ts";
import type { Identities } from "../iam/identities.ts";
import { type Bootstrap, policyText } from "./bootstrap-file.ts";

type WantedAccount = Bootstrap["accounts"][number];

/** Roles come last, of all accounts: their trust policies may name users of any. */
export async function applyAccounts(identities: Identities, file: Bootstrap): Promise<void> {
  for (const account of file.accounts) await applyAccount(identities, account);
  for (const account of file.accounts) await applyRoles(identities, account);
}

async function applyAccount(identities: Identities, wanted: WantedAccount): Promise<void> {
  const { canonicalId, displayName, accessKeys, policies, groups, users } = wanted;
  const account = parseAccountId(wanted.id);
  await identities.ensureAccount({
    id: account,
    ...(canonicalId === undefined ? {} : { canonicalId }),
    ...(displayName === undefined ? {} : { displayName }),
  });
  for (const key of accessKeys) await identities.setRootKey(account, key, "bootstrap");
  const d = identities.directory;
  for (const { document, description, tags, ...policy } of policies) {
    const described = description === undefined ? {} : { description };
    const text = policyText(document);
    await ensurePolicy(d, account, { ...policy, ...described, document: text, tags: tagsOf(tags) });
  }
  for (const group of groups) await ensureGroup(d, account, { ...group, inline: texts(group.inline) });
  for (const { boundary, inline, tags, ...user } of users) {
    const bounded = boundary === undefined ? {} : { boundary };
    await ensureUser(d, account, { ...user, ...bounded, inline: texts(inline), tags: tagsOf(tags) });
  }
}

async function applyRoles(identities: Identities, { id, roles }: WantedAccount): Promise<void> {
  const account = parseAccountId(id);
  for (const { boundary, description, maxSessionSeconds, inline, tags, trust, ...role } of roles) {
    await ensureRole(identities.directory, account, {
      ...role,
      ...(boundary === undefined ? {} : { boundary }),
      ...(description === undefined ? {} : { description }),
      ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
      inline: texts(inline),
      tags: tagsOf(tags),
      trust: policyText(trust),
    });
  }
}

const texts = (
  documents: Readonly<Record<string, string | Record<string, unknown>>>,
): Record<string, string> =>
  Object.fromEntries(Object.entries(documents).map(([name, document]) => [name, policyText(document)]));

const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));
