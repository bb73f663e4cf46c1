/**
 * A store with two accounts for tests of who may do what: a real process, users and roles made through IAM, clients for
 * each of them. Every change is seen by the next request, so nothing here waits.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { CREDENTIALS, serve, type Served } from "../serve.ts";

export const REGION = "us-east-1";
export const ACCOUNT = "111122223333";
export const OTHER = "444455556666";
const OTHER_CREDENTIALS = { accessKeyId: "other-root", secretAccessKey: "other-root-secret" };

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect?: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: unknown;
}

/** A policy document; an effect is Allow and a resource `*` where nothing else is said. */
export const policy = (...statements: readonly Statement[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ Effect: "Allow", Resource: "*", ...statement })),
  });

/** Somebody who signs: clients for every service, all with the same credentials. */
export class Actor {
  readonly credentials: Credentials;
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;

  constructor(endpoint: string, credentials: Credentials) {
    const config = { endpoint, region: REGION, credentials, maxAttempts: 1 };
    this.credentials = credentials;
    this.s3 = new S3Client({ ...config, forcePathStyle: true });
    this.kms = new KMSClient(config);
    this.iam = new IAMClient(config);
    this.sts = new STSClient(config);
  }

  destroy(): void {
    for (const client of [this.s3, this.kms, this.iam, this.sts]) client.destroy();
  }
}

export class World {
  readonly served: Served;
  /** Root of the first account. */
  readonly root: Actor;
  /** Root of the other account. */
  readonly otherRoot: Actor;
  readonly #actors: Actor[] = [];
  #starter: Promise<Actor> | undefined;

  constructor(served: Served) {
    this.served = served;
    this.root = this.actor(CREDENTIALS);
    this.otherRoot = this.actor(OTHER_CREDENTIALS);
  }

  actor(credentials: Credentials): Actor {
    const actor = new Actor(this.served.endpoint, credentials);
    this.#actors.push(actor);
    return actor;
  }

  /** A user with one inline policy. */
  async user(name: string, document: string, by: Actor = this.root): Promise<Actor> {
    await by.iam.send(new CreateUserCommand({ UserName: name }));
    await by.iam.send(
      new PutUserPolicyCommand({ UserName: name, PolicyName: "own", PolicyDocument: document }),
    );
    const { AccessKey } = await by.iam.send(new CreateAccessKeyCommand({ UserName: name }));
    assert.ok(AccessKey?.AccessKeyId !== undefined && AccessKey.SecretAccessKey !== undefined);
    return this.actor({ accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey });
  }

  /** A role that users of the account may assume. Its ARN. */
  async role(name: string, document: string): Promise<string> {
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "sts:AssumeRole" },
      ],
    });
    await this.root.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }));
    await this.rolePolicy(name, document);
    return `arn:aws:iam::${ACCOUNT}:role/${name}`;
  }

  rolePolicy(name: string, document: string): Promise<unknown> {
    return this.root.iam.send(
      new PutRolePolicyCommand({ RoleName: name, PolicyName: "own", PolicyDocument: document }),
    );
  }

  /** A session of a role. Root may not assume roles; a user that may do nothing else does. */
  async session(roleArn: string, sessionPolicy?: string): Promise<Actor> {
    this.#starter ??= this.user("starter", policy({ Action: "sts:AssumeRole" }));
    const starter = await this.#starter;
    const { Credentials } = await starter.sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "test", Policy: sessionPolicy }),
    );
    assert.ok(
      Credentials?.AccessKeyId !== undefined &&
        Credentials.SecretAccessKey !== undefined &&
        Credentials.SessionToken !== undefined,
    );
    return this.actor({
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    });
  }

  async bucket(name: string): Promise<string> {
    await this.root.s3.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  }

  /** A request that nobody signed. */
  anonymous(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.served.endpoint}${path}`, init);
  }

  async stop(): Promise<void> {
    for (const actor of this.#actors) actor.destroy();
    await this.served.stop();
    rmSync(this.served.data, { recursive: true, force: true });
  }
}

/** Starts a store and ends it after the file's tests. */
export async function startWorld(args: readonly string[] = []): Promise<World> {
  const data = mkdtempSync(join(tmpdir(), "sr-"));
  const bootstrap = join(data, "bootstrap.json");
  const accounts = [{ id: OTHER, displayName: "other", accessKeys: [OTHER_CREDENTIALS] }];
  writeFileSync(bootstrap, JSON.stringify({ accounts }));
  const served = await serve({ data, args: ["--account", ACCOUNT, "--bootstrap", bootstrap, ...args] });
  const world = new World(served);
  after(() => world.stop());
  return world;
}

/** Refused with this status and code, in these words. */
export const refused =
  (status: number, code: string, message: RegExp = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Error, String(error));
    const {
      $metadata,
      Code,
      message: text,
    } = error as {
      $metadata?: { httpStatusCode?: number };
      Code?: string;
      message: string;
    };
    assert.equal(Code ?? error.name, code, text);
    assert.equal($metadata?.httpStatusCode, status);
    assert.match(text, message);
    return true;
  };

/** What S3 says no with: the sentence names the action and the kind of policy that would have to allow or does deny. */
export const denied = (action = "", reason = ""): ((error: unknown) => boolean) =>
  refused(403, "AccessDenied", new RegExp(`${action}.*${reason}`));

/** What KMS says no with. */
export const kmsDenied = (action = "", reason = ""): ((error: unknown) => boolean) =>
  refused(400, "AccessDeniedException", new RegExp(`${action}.*${reason}`));
