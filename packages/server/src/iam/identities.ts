/**
 * Accounts, and who signs: fills auth's credential port. A verified credential with its compiled policies is kept as
 * long as nothing in the account's identities has changed, which a look at one row tells: a change by any process takes
 * effect with the next request.
 */
import type { Credential } from "../auth/credentials.ts";
import { SigningSecret } from "../auth/signing-key.ts";
import type { Principal, SessionFacts } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import type { AccountId } from "../base/ids.ts";
import { CREDENTIALS_HELD_MAX, POLICY_CHARS_HELD_MAX } from "../base/limits.ts";
import { type Log, silentLog } from "../base/log.ts";
import { RecentMap } from "../base/recent-map.ts";
import type { CountedRecords } from "../store/counted.ts";
import { countedCodec } from "../store/list-page.ts";
import type { Expect } from "../store/port.ts";
import type { Records } from "../store/records.ts";
import { createAccessKey, rootKeys, setAccessKey, type ShownOnce } from "./access-keys.ts";
import { type AccessKey, accessKeyCodec, accessKeyRow, type Account } from "./account-records.ts";
import { Accounts, type NewAccount } from "./accounts.ts";
import { Directory, headAs } from "./directory.ts";
import { arnOf, type Role, type User } from "./entity-records.ts";
import { federatedArn } from "./federation.ts";
import { LastUses } from "./last-use.ts";
import { type MadeAccount, makeAccount, unmakeAccount } from "./new-account.ts";
import { sessionArn } from "./principals.ts";
import { type SessionClaims, type SessionTokenKeys, SessionTokens } from "./session-tokens.ts";
import {
  CompiledStanding,
  compileText,
  type IdentitySide,
  principalTags,
  sessionPolicies,
  sideOfRole,
  sideOfUser,
} from "./standing.ts";

export type { NewAccount, ShownOnce };

export interface IdentityOptions {
  /** Without them no session is issued or accepted. */
  readonly tokenKeys?: SessionTokenKeys;
  readonly log?: Log;
}

type LookedUp = Credential<Principal> | "invalid-token" | undefined;

interface Held {
  /** The head of the account's list, as it was read. */
  readonly seen: readonly Expect[];
  /** Of a session. */
  readonly token: string | undefined;
  readonly credential: Credential<Principal>;
  /** Of the policy that came with a session: compiled for it alone. */
  readonly policyChars: number;
}

export class Identities {
  readonly directory: Directory;
  readonly accountsList: Accounts;
  readonly lastUses: LastUses;
  readonly sessions: SessionTokens | undefined;
  /** By access key id. */
  readonly #held = new RecentMap<string, Held>(CREDENTIALS_HELD_MAX, {
    max: POLICY_CHARS_HELD_MAX,
    of: ({ policyChars }) => policyChars,
  });

  constructor(records: Records, counted: CountedRecords, clock: Clock, options: IdentityOptions = {}) {
    this.directory = new Directory(records, counted, clock);
    this.accountsList = new Accounts(this.directory);
    this.lastUses = new LastUses(this.directory, options.log ?? silentLog);
    this.sessions = options.tokenKeys && new SessionTokens(options.tokenKeys);
  }

  /** Auth's port. */
  readonly lookup = (accessKeyId: string, sessionToken: string | undefined): LookedUp | Promise<LookedUp> => {
    if (accessKeyId.length === 0 || accessKeyId.length > 128) return undefined;
    const held = this.#held.get(accessKeyId);
    if (held === undefined || held.token !== sessionToken) return this.#load(accessKeyId, sessionToken);
    const unchanged = this.directory.records.store.holds(held.seen);
    if (unchanged === true) return held.credential;
    if (unchanged === false) return this.#load(accessKeyId, sessionToken);
    return unchanged.then((holds) => (holds ? held.credential : this.#load(accessKeyId, sessionToken)));
  };

  async #load(accessKeyId: string, sessionToken: string | undefined): Promise<LookedUp> {
    return sessionToken === undefined
      ? this.#loadKey(accessKeyId)
      : ((await this.#loadSession(accessKeyId, sessionToken)) ?? "invalid-token");
  }

  async #loadKey(accessKeyId: string): Promise<Credential<Principal> | undefined> {
    const row = accessKeyRow(accessKeyId);
    const d = this.directory;
    // Says whose list to check it against; nothing else is believed of it.
    const found = await d.records.get(countedCodec(accessKeyCodec), row.table, row.key);
    if (found === undefined) return undefined;
    const { account } = found.value.value;
    const { head, value } = await d.consistently(account, async () => {
      const entry = await d.get(accessKeyCodec, account, row);
      const principal = entry && (await this.#principalOf(entry.value));
      return entry && principal && { entry, principal };
    });
    if (value === undefined) return undefined;
    const { entry, principal } = value;
    return this.#keep({
      seen: [headAs(account, head)],
      token: undefined,
      policyChars: 0,
      credential: {
        accessKeyId,
        secret: SigningSecret.from(entry.value.secret),
        version: Buffer.from(entry.rev).toString("latin1"),
        active: entry.value.active,
        principal,
      },
    });
  }

  async #principalOf({ account, userId }: AccessKey): Promise<Principal | undefined> {
    if (userId === undefined) return rootPrincipal(account);
    const user = await this.directory.byIdOf(account, "User", userId);
    return user && this.#userPrincipal(account, user);
  }

  async #userPrincipal(
    account: AccountId,
    user: User,
    session?: SessionFacts,
    claims?: SessionClaims,
  ): Promise<Principal> {
    const arn = arnOf(account, user);
    const tags = principalTags(user.tags, session);
    const d = this.directory;
    const standing = new CompiledStanding({
      principal: {
        kind: "user",
        account,
        arn,
        id: user.id,
        name: user.name,
        ...(tags === undefined ? {} : { tags }),
      },
      ...(await sideOfUser(d, account, user)),
      session: claims && (await sessionPolicies(d, account, claims.policy, claims.policyArns ?? [])),
    });
    const facts = session === undefined ? {} : { session };
    return { kind: "user", account, arn, userId: user.id, name: user.name, ...facts, standing };
  }

  async #loadSession(accessKeyId: string, token: string): Promise<Credential<Principal> | undefined> {
    const opened = await this.sessions?.open(token);
    if (opened === undefined || opened.claims.accessKeyId !== accessKeyId) return undefined;
    const { claims } = opened;
    const { account } = claims;
    const { head, value: principal } = await this.directory.consistently(account, () =>
      this.#sessionPrincipal(claims),
    );
    if (principal === undefined) return undefined;
    return this.#keep({
      seen: [headAs(account, head)],
      token,
      policyChars: claims.policy?.length ?? 0,
      credential: {
        accessKeyId,
        secret: SigningSecret.from(opened.secret),
        version: "session",
        active: true,
        principal,
        session: { token, expiresAtMs: claims.expiresAtMs },
      },
    });
  }

  /** Undefined when whoever the session stands for is gone. */
  async #sessionPrincipal(claims: SessionClaims): Promise<Principal | undefined> {
    const { account, id } = claims;
    const session = factsOf(claims);
    switch (claims.kind) {
      case "root":
        return rootPrincipal(account, session);
      case "user": {
        const user = await this.directory.byIdOf(account, "User", id);
        return user && this.#userPrincipal(account, user, session, claims);
      }
      case "role":
      case "web-identity": {
        const role = await this.directory.byIdOf(account, "Role", id);
        return role && this.#rolePrincipal(role, session, claims);
      }
      case "federation":
        return this.#federatedPrincipal(session, claims);
    }
  }

  async #rolePrincipal(role: Role, session: SessionFacts, claims: SessionClaims): Promise<Principal> {
    const { account, name: sessionName = "" } = claims;
    const arn = sessionArn(account, role.name, sessionName);
    const roleArn = arnOf(account, role);
    const tags = principalTags(role.tags, session);
    const d = this.directory;
    const standing = new CompiledStanding({
      principal: {
        kind: "role-session",
        account,
        arn,
        roleArn,
        roleId: role.id,
        sessionName,
        ...(tags === undefined ? {} : { tags }),
      },
      ...(await sideOfRole(d, account, role)),
      session: await sessionPolicies(d, account, claims.policy, claims.policyArns ?? []),
    });
    const userId = `${role.id}:${sessionName}`;
    return { kind: "role-session", account, arn, userId, roleArn, session, standing };
  }

  /** What the lender may do, and of that what the session's policies allow; without any, nothing. */
  async #federatedPrincipal(session: SessionFacts, claims: SessionClaims): Promise<Principal | undefined> {
    const { account, id, name = "" } = claims;
    const d = this.directory;
    const lender = id === account ? undefined : await d.byIdOf(account, "User", id);
    if (lender === undefined && id !== account) return undefined;
    const arn = federatedArn(account, name);
    const tags = principalTags(lender?.tags ?? [], session);
    const standing = new CompiledStanding({
      principal: {
        kind: "federated",
        account,
        arn,
        name,
        ...(lender === undefined ? {} : { lender: { arn: arnOf(account, lender), id: lender.id } }),
        ...(tags === undefined ? {} : { tags }),
      },
      ...(lender === undefined ? SIDE_OF_ROOT : await sideOfUser(d, account, lender)),
      session: (await sessionPolicies(d, account, claims.policy, claims.policyArns ?? [])) ?? [],
    });
    return {
      kind: "federated",
      account,
      arn,
      userId: `${account}:${name}`,
      name,
      lender: {
        arn: lender === undefined ? `arn:aws:iam::${account}:root` : arnOf(account, lender),
        userId: id,
      },
      session,
      standing,
    };
  }

  #keep(held: Held): Credential<Principal> {
    const { credential } = held;
    this.#held.set(credential.accessKeyId, held);
    return credential;
  }

  account(id: AccountId): Promise<Account | undefined> {
    return this.accountsList.find(id);
  }
  accounts(): Promise<readonly Account[]> {
    return this.accountsList.all();
  }
  createAccount(input: Partial<NewAccount>): Promise<MadeAccount> {
    return makeAccount(this.directory, this.accountsList, input);
  }
  removeNewAccount({ account, key }: MadeAccount): Promise<void> {
    return unmakeAccount(this.directory, this.accountsList, account.id, key.accessKeyId);
  }
  /** Makes the account, or brings an existing one's names to what is given. Idempotent. */
  ensureAccount(input: NewAccount): Promise<Account> {
    return this.accountsList.ensure(input);
  }

  /** Every access key of an account's root user. */
  rootKeys(account: AccountId): Promise<readonly AccessKey[]> {
    return rootKeys(this.directory, account);
  }

  /** A random access key for the account's root user. The secret is in the answer and nowhere else in clear. */
  async makeRootKey(account: AccountId): Promise<ShownOnce> {
    const { accessKeyId, secretAccessKey } = await createAccessKey(this.directory, account, { kind: "root" });
    return { accessKeyId, secretAccessKey };
  }

  /** Sets the secret of a chosen access key id. Idempotent; a changed secret takes effect with the next request. */
  setRootKey(account: AccountId, key: ShownOnce, origin: AccessKey["origin"]): Promise<"unchanged" | "set"> {
    return setAccessKey(this.directory, account, { kind: "root" }, key, origin);
  }

  async removeRootKey(accessKeyId: string): Promise<void> {
    const row = accessKeyRow(accessKeyId);
    const d = this.directory;
    const found = await d.records.get(countedCodec(accessKeyCodec), row.table, row.key);
    if (found === undefined) return;
    const { account } = found.value.value;
    await d.change(account, async (change) => {
      const entry = await d.get(accessKeyCodec, account, row);
      if (entry !== undefined && entry.value.userId === undefined) change.delete(row);
    });
  }
}

/** Root's rights, where policies have to say them. */
const SIDE_OF_ROOT: IdentitySide = {
  identity: [
    compileText(
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
      "root user",
    ),
  ],
  boundary: undefined,
};

const rootPrincipal = (account: AccountId, session?: SessionFacts): Principal => ({
  kind: "root",
  account,
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
  ...(session === undefined ? {} : { session }),
  standing: new CompiledStanding({
    principal: { kind: "root", account, arn: `arn:aws:iam::${account}:root` },
    identity: [],
  }),
});

const factsOf = (claims: SessionClaims): SessionFacts => ({
  kind: claims.kind === "user" || claims.kind === "root" ? "session-token" : claims.kind,
  issuedAtMs: claims.issuedAtMs,
  expiresAtMs: claims.expiresAtMs,
  ...(claims.sourceIdentity === undefined ? {} : { sourceIdentity: claims.sourceIdentity }),
  tags: new Map(claims.tags),
  transitiveTagKeys: claims.transitive ?? [],
  ...(claims.provider === undefined ? {} : { federatedProvider: claims.provider }),
});
