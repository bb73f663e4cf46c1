/**
 * The whole server ended by SIGKILL in the midst of rotations, imports, deletions, grants and aliases, over and over:
 * what was acknowledged stands, what was under way happened or did not, and nothing is in between.
 */
import assert from "node:assert/strict";
import { constants, publicEncrypt, randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-kms";
import { command, serve, type Served, temporaryDirectory, until } from "./serve.ts";

const ROUNDS = 3;
const ROTATIONS_A_KEY = 20;
const PLAINTEXT = new TextEncoder().encode("plain");
const ROOT = "arn:aws:iam::000000000000:root";

/** Acknowledged, and what would be true if the call under way had been carried out. */
interface Known<T> {
  now: T;
  next: T | undefined;
}
const possible = <T>({ now, next }: Known<T>): readonly T[] => (next === undefined ? [now] : [now, next]);

interface Blob {
  readonly bytes: Uint8Array | undefined;
  readonly materialId: string | undefined;
}
/** One key under a lane's hands, and what is known of it. */
class Subject {
  readonly keyId: string;
  readonly state: Known<string>;
  readonly rotations: Known<number> = { now: 0, next: undefined };
  readonly grants: Known<readonly string[]> = { now: [], next: undefined };
  readonly blobs: Blob[] = [];
  /** Imported, in order. */
  readonly materials: Buffer[] = [];

  constructor(keyId: string, state: string) {
    this.keyId = keyId;
    this.state = { now: state, next: undefined };
  }
}

/** Runs a call that brings something from one value to another. */
async function step<T>(known: Known<T>, next: T, call: () => Promise<unknown>): Promise<void> {
  known.next = next;
  await call();
  known.now = next;
  known.next = undefined;
}

class Drill {
  readonly subjects: Subject[] = [];
  /** The alias that a lane moves between two keys. */
  readonly alias: Known<string | undefined> = { now: undefined, next: undefined };
  #kms: sdk.KMSClient;

  constructor(kms: sdk.KMSClient) {
    this.#kms = kms;
  }
  reconnect(kms: sdk.KMSClient): void {
    this.#kms = kms;
  }

  async #newKey(input: sdk.CreateKeyCommandInput = {}): Promise<Subject> {
    const { KeyMetadata } = await this.#kms.send(new sdk.CreateKeyCommand(input));
    const subject = new Subject(KeyMetadata?.KeyId ?? "", KeyMetadata?.KeyState ?? "");
    this.subjects.push(subject);
    return subject;
  }

  async #seal(subject: Subject): Promise<void> {
    const KeyId = subject.keyId;
    const { CiphertextBlob } = await this.#kms.send(new sdk.EncryptCommand({ KeyId, Plaintext: PLAINTEXT }));
    const { KeyMaterialId } = await this.#kms.send(new sdk.DecryptCommand({ CiphertextBlob, KeyId }));
    subject.blobs.push({ bytes: CiphertextBlob, materialId: KeyMaterialId });
  }

  async import(KeyId: string, material: Uint8Array, more: object = {}): Promise<unknown> {
    const parameters = await this.#kms.send(
      new sdk.GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: "RSAES_OAEP_SHA_256",
        WrappingKeySpec: "RSA_2048",
      }),
    );
    const key = {
      key: Buffer.from(parameters.PublicKey ?? []),
      format: "der" as const,
      type: "spki" as const,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: "sha256",
    };
    return this.#kms.send(
      new sdk.ImportKeyMaterialCommand({
        KeyId,
        ImportToken: parameters.ImportToken,
        EncryptedKeyMaterial: publicEncrypt(key, material),
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
        ...more,
      }),
    );
  }

  /** Each until the server is gone under it. */
  readonly lanes: readonly (() => Promise<never>)[] = [
    async () => {
      for (;;) {
        const subject = await this.#newKey();
        for (let i = 1; i <= ROTATIONS_A_KEY; i++) {
          await this.#seal(subject);
          await step(subject.rotations, i, () =>
            this.#kms.send(new sdk.RotateKeyOnDemandCommand({ KeyId: subject.keyId })),
          );
        }
      }
    },
    async () => {
      for (;;) {
        const subject = await this.#newKey({ Origin: "EXTERNAL" });
        const KeyId = subject.keyId;
        const first = randomBytes(32);
        subject.materials.push(first);
        await step(subject.state, "Enabled", () => this.import(KeyId, first));
        await this.#seal(subject);
        await step(subject.state, "PendingImport", () =>
          this.#kms.send(new sdk.DeleteImportedKeyMaterialCommand({ KeyId })),
        );
        await step(subject.state, "Enabled", () => this.import(KeyId, first));
        const second = randomBytes(32);
        await this.import(KeyId, second, { ImportType: "NEW_KEY_MATERIAL" });
        subject.materials.push(second);
        await step(subject.rotations, 1, () => this.#kms.send(new sdk.RotateKeyOnDemandCommand({ KeyId })));
        await this.#seal(subject);
      }
    },
    async () => {
      for (;;) {
        const subject = await this.#newKey();
        const KeyId = subject.keyId;
        await this.#seal(subject);
        await step(subject.state, "PendingDeletion", () =>
          this.#kms.send(new sdk.ScheduleKeyDeletionCommand({ KeyId })),
        );
        await step(subject.state, "Disabled", () =>
          this.#kms.send(new sdk.CancelKeyDeletionCommand({ KeyId })),
        );
        await step(subject.state, "Enabled", () => this.#kms.send(new sdk.EnableKeyCommand({ KeyId })));
      }
    },
    async () => {
      for (;;) {
        const subject = await this.#newKey();
        const KeyId = subject.keyId;
        for (let i = 0; i < 5; i++) {
          const Name = `g${i}`;
          await step(subject.grants, [...subject.grants.now, Name], () =>
            this.#kms.send(
              new sdk.CreateGrantCommand({ KeyId, Name, GranteePrincipal: ROOT, Operations: ["Decrypt"] }),
            ),
          );
        }
        const { Grants = [] } = await this.#kms.send(new sdk.ListGrantsCommand({ KeyId }));
        for (const { GrantId, Name } of Grants)
          await step(
            subject.grants,
            subject.grants.now.filter((name) => name !== Name),
            () => this.#kms.send(new sdk.RevokeGrantCommand({ KeyId, GrantId })),
          );
      }
    },
    async () => {
      const keys = [await this.#newKey(), await this.#newKey()];
      for (let i = 0; ; i++) {
        const TargetKeyId = keys[i % 2]?.keyId ?? "";
        const input = { AliasName: "alias/moved", TargetKeyId };
        const call =
          this.alias.now === undefined && this.alias.next === undefined
            ? () => this.#kms.send(new sdk.CreateAliasCommand(input))
            : () => this.#kms.send(new sdk.UpdateAliasCommand(input));
        await step(this.alias, TargetKeyId, call);
      }
    },
  ];

  async check(): Promise<void> {
    for (const subject of this.subjects) await this.#checkKey(subject);
    const { Aliases = [] } = await this.#kms.send(new sdk.ListAliasesCommand({}));
    const target = Aliases.find(({ AliasName }) => AliasName === "alias/moved")?.TargetKeyId;
    assert.ok(possible(this.alias).includes(target), `the alias points to ${target}`);
    this.alias.now = target;
    this.alias.next = undefined;
    if (target === undefined) return;
    const described = await this.#kms.send(new sdk.DescribeKeyCommand({ KeyId: "alias/moved" }));
    assert.equal(described.KeyMetadata?.KeyId, target);
  }

  async #checkKey(subject: Subject): Promise<void> {
    const KeyId = subject.keyId;
    const { KeyMetadata } = await this.#kms.send(new sdk.DescribeKeyCommand({ KeyId }));
    const state = KeyMetadata?.KeyState ?? "";
    assert.ok(possible(subject.state).includes(state), `${state} after ${JSON.stringify(subject.state)}`);
    const { Rotations = [] } = await this.#kms.send(
      new sdk.ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" }),
    );
    const current = Rotations.filter((r) => r.KeyMaterialState === "CURRENT");
    const rotated = Rotations.filter((r) => r.RotationType !== undefined).length;
    assert.ok(possible(subject.rotations).includes(rotated), `${rotated} rotations`);
    if (Rotations.length > 0) {
      assert.equal(current.length, 1);
      assert.equal(KeyMetadata?.CurrentKeyMaterialId, current[0]?.KeyMaterialId);
    }
    const { Grants = [] } = await this.#kms.send(new sdk.ListGrantsCommand({ KeyId }));
    const names = Grants.map(({ Name = "" }) => Name).toSorted();
    assert.ok(
      possible(subject.grants).some((known) => known.toSorted().join() === names.join()),
      `grants ${names.join()}`,
    );
    await this.#checkUse(subject, state);
  }

  /** Brings the key to life, and opens everything that was ever sealed under it. */
  async #checkUse(subject: Subject, state: string): Promise<void> {
    const KeyId = subject.keyId;
    if (state !== "Enabled") await assert.rejects(this.#seal(subject), sdk.KMSServiceException);
    if (state === "PendingDeletion") await this.#kms.send(new sdk.CancelKeyDeletionCommand({ KeyId }));
    if (state === "PendingImport") {
      // The first one alone is asked for again: a second one that waited for its rotation is still to come.
      const [first] = subject.materials;
      if (first !== undefined) await this.import(KeyId, first);
    } else if (state !== "Enabled") {
      await this.#kms.send(new sdk.EnableKeyCommand({ KeyId }));
    }
    if (state === "PendingImport" && subject.materials.length === 0) return;
    for (const { bytes, materialId } of subject.blobs) {
      const { Plaintext, KeyMaterialId } = await this.#kms.send(
        new sdk.DecryptCommand({ CiphertextBlob: bytes, KeyId }),
      );
      assert.deepEqual([Plaintext, KeyMaterialId], [PLAINTEXT, materialId]);
    }
    await this.#seal(subject);
  }
}

test("SIGKILL in rotations, imports, deletions, grants and alias moves leaves no half state", async (t) => {
  const data = temporaryDirectory();
  let served: Served = await serve({ data });
  t.after(() => served.killAll());
  const drill = new Drill(served.kms());
  let checked = 0;
  for (let round = 0; round < ROUNDS; round++) {
    drill.subjects.length = 0;
    const lanes = drill.lanes.map((lane) => lane().catch(() => undefined));
    await until("every lane's keys", () => drill.subjects.length >= 6, 60_000);
    await new Promise((done) => setTimeout(done, 300 + randomInt(500)));
    await served.killAll();
    await Promise.all(lanes);
    served = await serve({ data });
    drill.reconnect(served.kms());
    await drill.check();
    checked += drill.subjects.length;
  }
  assert.ok(checked >= 5 * ROUNDS, `${checked} keys`);
  await served.stop();
  const verified = await command(["audit", "verify", "--data", data]);
  assert.equal(verified.code, 0, verified.out + verified.err);
});
