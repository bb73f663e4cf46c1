/** A real socket with IAM, STS and KMS behind it, over any store; and SDK clients for whoever has credentials. */
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { STSClient } from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serviceRules } from "../../../auth/claim-checks.ts";
import { SigningKeyCache } from "../../../auth/signing-key.ts";
import { type AccountId, parseAccountId } from "../../../base/ids.ts";
import { fail } from "../../../base/errors.ts";
import type { Log, LogFields } from "../../../base/log.ts";
import { Identities, type ShownOnce } from "../../../iam/identities.ts";
import { PolicyAuthoriser } from "../../../iam/policy-authoriser.ts";
import { keyPrincipals } from "../../../iam/principals.ts";
import { type OidcIssuer, OidcIssuers } from "../../../iam/web-identity.ts";
import type { Kernel } from "../../../kms/kernel.ts";
import { openKms } from "../../../kms/open.ts";
import { CountedRecords } from "../../../store/counted.ts";
import type { RootKey } from "../../../store/keyring.ts";
import { MemoryModel } from "../../../store/memory/model.ts";
import type { Store } from "../../../store/port.ts";
import { openTestRecords, testRoot } from "../../../store/test-keyring.ts";
import { type Tokens, tokensUnder } from "../../../store/tokens.ts";
import { mount, type Service } from "../../common/serve.ts";
import { DEFAULT_TRANSPORT_RULES } from "../../common/transport.ts";
import { KmsService } from "../../kms/service.ts";
import { stsService } from "../../sts/service.ts";
import { iamService } from "../service.ts";

export const REGION = "us-east-1";
export const ACCOUNT: AccountId = parseAccountId("111122223333");
export const OTHER: AccountId = parseAccountId("444455556666");

export interface Credentials extends ShownOnce {
  readonly sessionToken?: string;
}
export interface WorldOptions {
  readonly store?: Store;
  readonly root?: RootKey;
  readonly issuers?: readonly OidcIssuer[];
  readonly kmsOrigins?: readonly string[];
}
/** S3 is the default service; nothing here may reach it. */
const noS3: Service = {
  name: "s3",
  answer: () => fail("BadRequest"),
  refusal: (_, error) => ({ status: error.status, headers: [], body: `S3: ${error.code}` }),
};

export class World {
  readonly store: Store;
  readonly root: RootKey;
  readonly identities: Identities;
  readonly authoriser: PolicyAuthoriser;
  readonly kms: Kernel;
  readonly tokens: Tokens;
  readonly rootKey: Credentials;
  readonly clock: { aheadMs: number; now(): number };
  readonly logged: { readonly message: string; readonly fields: LogFields | undefined }[];
  readonly #server: Server;
  readonly #clients: { destroy(): void }[] = [];

  private constructor(
    fields: Omit<World, "endpoint" | "iam" | "sts" | "kmsClient" | "close">,
    server: Server,
  ) {
    this.store = fields.store;
    this.root = fields.root;
    this.identities = fields.identities;
    this.authoriser = fields.authoriser;
    this.kms = fields.kms;
    this.tokens = fields.tokens;
    this.rootKey = fields.rootKey;
    this.clock = fields.clock;
    this.logged = fields.logged;
    this.#server = server;
  }

  /** Another opening of the same store, with its root key, behaves as another process on it. */
  static async open(options: WorldOptions = {}): Promise<World> {
    const store = options.store ?? new MemoryModel().open();
    const root = options.root ?? testRoot();
    const { keyring, records } = await openTestRecords(store, root);
    const clock = {
      aheadMs: 0,
      now(): number {
        return Date.now() + this.aheadMs;
      },
    };
    const logged: World["logged"] = [];
    const write = (message: string, fields?: LogFields): void => void logged.push({ message, fields });
    const log: Log = { info: write, warn: write, error: write };
    const tokenKeys = {
      current: () => keyring.current("token"),
      all: () => new Map(keyring.terms("token").map(({ term, key }) => [term, key])),
    };
    const identities = new Identities(records, new CountedRecords(records), clock, { tokenKeys, log });
    const surroundings = { clock, region: REGION };
    const authoriser = new PolicyAuthoriser(surroundings);
    const tokens = tokensUnder(tokenKeys);
    const kms = openKms({
      records,
      keyring: () => keyring,
      authoriser,
      tokens,
      clock,
      region: REGION,
      hooks: { kmsCall: () => {} },
      principals: keyPrincipals(identities.directory),
    });
    await identities.ensureAccount({ id: ACCOUNT });
    await identities.ensureAccount({ id: OTHER });
    const rootKey = await identities.makeRootKey(ACCOUNT);
    const auth = {
      clock,
      lookup: identities.lookup,
      services: serviceRules(REGION),
      signingKeys: new SigningKeyCache(),
      trustedHosts: [],
      noteUse: (id: string, service: string, region: string) => identities.lastUses.note(id, service, region),
    };
    const { directory, sessions } = identities;
    assert.ok(sessions);
    const services = new Map<string, Service>([
      ["s3", noS3],
      ["kms", new KmsService({ auth, kms, log, origins: new Set(options.kmsOrigins) })],
      ["iam", iamService({ auth, authoriser, directory, tokens, surroundings })],
      [
        "sts",
        stsService({
          auth,
          authoriser,
          sts: { directory, sessions, ...surroundings },
          issuers: new OidcIssuers(options.issuers ?? [], clock),
        }),
      ],
    ]);
    const server = createServer();
    mount(server, { services, transport: DEFAULT_TRANSPORT_RULES, clock, log, hostId: "test" });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new World({ store, root, identities, authoriser, kms, tokens, rootKey, clock, logged }, server);
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  #client<T extends { destroy(): void }>(
    make: (config: { endpoint: string; region: string; credentials: Config; maxAttempts: number }) => T,
    { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  ): T {
    const credentials = {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
    const client = make({ endpoint: this.endpoint, region: REGION, credentials, maxAttempts: 1 });
    this.#clients.push(client);
    return client;
  }

  iam(credentials: Credentials = this.rootKey): IAMClient {
    return this.#client((config) => new IAMClient(config), credentials);
  }
  sts(credentials: Credentials = this.rootKey): STSClient {
    return this.#client((config) => new STSClient(config), credentials);
  }
  kmsClient(credentials: Credentials = this.rootKey): KMSClient {
    return this.#client((config) => new KMSClient(config), credentials);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
interface Config {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The credentials of an SDK answer. */
export function given(
  credentials:
    | {
        AccessKeyId?: string | undefined;
        SecretAccessKey?: string | undefined;
        SessionToken?: string | undefined;
      }
    | undefined,
): Credentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken } = credentials ?? {};
  assert.ok(accessKeyId !== undefined && secretAccessKey !== undefined);
  return {
    accessKeyId,
    secretAccessKey,
    ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
  };
}

export type Statement = Readonly<Record<string, unknown>>;
export const policyText = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
export const allow = (
  action: string | readonly string[],
  resource = "*",
  more: Statement = {},
): Statement => ({
  Effect: "Allow",
  Action: action,
  Resource: resource,
  ...more,
});
export const deny = (...of: Parameters<typeof allow>): Statement => ({ ...allow(...of), Effect: "Deny" });
export const trust = (
  principal: unknown,
  action: string | readonly string[] = "sts:AssumeRole",
  more: Statement = {},
): string => policyText({ Effect: "Allow", Principal: principal, Action: action, ...more });

/** The error that a call ends with: name, status, text. */
export async function refused(
  call: Promise<unknown>,
): Promise<readonly [name: string, status: number, text: string]> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof Error && "$metadata" in error, String(error));
    const { httpStatusCode } = error.$metadata as { httpStatusCode: number };
    return [error.name, httpStatusCode, error.message];
  }
  assert.fail("the call was not refused");
}
