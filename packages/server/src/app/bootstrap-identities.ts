/** The accounts of a bootstrap file with their policies, groups, users and roles, in the order in which they need one another. */
import { type AccountId, parseAccountId } from "../base/ids.ts";
import { ensureGroup, ensurePolicy, ensureRole, ensureUser } from "../iam/ensure.ts";
import type { Identities } from "../iam/identities.ts";
import { type Bootstrap, policyText } from "./bootstrap-file.ts";

type WantedAccount = Bootstrap["accounts"][number];

/** Roles come last, of all accounts: their trust policies may name users of any. */
export async function applyAccounts(identities: Identities, file: Bootstrap, note: Note): Promise<void> {
  for (const account of file.accounts) await applyAccount(identities, account, note);
  for (const account of file.accounts) await applyRoles(identities, account, note);
}

/** Hears of what was made or changed. */
export type Note = (account: AccountId, what: string, outcome: string) => void;

async function applyAccount(identities: Identities, wanted: WantedAccount, note: Note): Promise<void> {
  const { canonicalId, displayName, accessKeys, policies, groups, users } = wanted;
  const account = parseAccountId(wanted.id);
  const before = await identities.account(account);
  const now = await identities.ensureAccount({
    id: account,
    ...(canonicalId === undefined ? {} : { canonicalId }),
    ...(displayName === undefined ? {} : { displayName }),
  });
  const same = before?.canonicalId === now.canonicalId && before.displayName === now.displayName;
  note(account, "account", same ? "present" : "changed");
  for (const key of accessKeys)
    note(
      account,
      `root-access-key/${key.accessKeyId}`,
      await identities.setRootKey(account, key, "bootstrap"),
    );
  const d = identities.directory;
  for (const { document, description, tags, ...policy } of policies) {
    const described = description === undefined ? {} : { description };
    const text = policyText(document);
    const wantedPolicy = { ...policy, ...described, document: text, tags: tagsOf(tags) };
    note(account, `policy/${policy.name}`, await ensurePolicy(d, account, wantedPolicy));
  }
  for (const group of groups) {
    const wantedGroup = { ...group, inline: texts(group.inline) };
    note(account, `group/${group.name}`, await ensureGroup(d, account, wantedGroup));
  }
  for (const { boundary, inline, tags, ...user } of users) {
    const bounded = boundary === undefined ? {} : { boundary };
    const wantedUser = { ...user, ...bounded, inline: texts(inline), tags: tagsOf(tags) };
    note(account, `user/${user.name}`, await ensureUser(d, account, wantedUser));
  }
}

async function applyRoles(identities: Identities, { id, roles }: WantedAccount, note: Note): Promise<void> {
  const account = parseAccountId(id);
  for (const { boundary, description, maxSessionSeconds, inline, tags, trust, ...role } of roles) {
    const outcome = await ensureRole(identities.directory, account, {
      ...role,
      ...(boundary === undefined ? {} : { boundary }),
      ...(description === undefined ? {} : { description }),
      ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
      inline: texts(inline),
      tags: tagsOf(tags),
      trust: policyText(trust),
    });
    note(account, `role/${role.name}`, outcome);
  }
}

const texts = (
  documents: Readonly<Record<string, string | Record<string, unknown>>>,
): Record<string, string> =>
  Object.fromEntries(Object.entries(documents).map(([name, document]) => [name, policyText(document)]));

const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));
