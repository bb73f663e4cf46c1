/**
 * A key service for tests: keys by id, in memory, with the states and refusals that the layer must hand on. Not the real
 * one: its blobs are sealed by the real format, its authorisation is a set of (principal, action) pairs denied.
 */
import { canonicalContext, openBlobAsKek, sealBlob, SecretKey, CryptoError } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import { isKeyArn, keyArn, type KeyArn } from "../base/ids.ts";
import type { DataKey, EncryptionContext, KeyService } from "../kms/port.ts";

interface FakeKey {
  readonly arn: KeyArn;
  readonly material: SecretKey<"material">;
  state: "enabled" | "disabled" | "pending deletion";
}

export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";

export class FakeKms implements KeyService {
  readonly calls: { op: string; context: EncryptionContext }[] = [];
  readonly denied = new Set<string>();
  readonly #keys = new Map<string, FakeKey>();

  create(id: string): KeyArn {
    const arn = keyArn(REGION, ACCOUNT, id);
    this.#keys.set(arn, { arn, material: SecretKey.generate("material"), state: "enabled" });
    return arn;
  }

  setState(arn: KeyArn, state: FakeKey["state"]): void {
    const key = this.#keys.get(arn);
    if (key !== undefined) key.state = state;
  }

  async generateDataKey(
    caller: Caller,
    keyId: string | undefined,
    context: EncryptionContext,
  ): Promise<DataKey> {
    const key = this.#use(caller, keyId, "GenerateDataKey");
    this.calls.push({ op: "GenerateDataKey", context });
    const plaintext = SecretKey.generate("kek");
    const blob = sealBlob(blobKey(key), plaintext, canonicalContext(context));
    return { keyArn: key.arn, plaintext, blob };
  }

  async decrypt(
    caller: Caller,
    arn: KeyArn,
    blob: Uint8Array,
    context: EncryptionContext,
  ): Promise<SecretKey<"kek">> {
    const key = this.#use(caller, arn, "Decrypt");
    this.calls.push({ op: "Decrypt", context });
    try {
      return openBlobAsKek(blobKey(key), blob, canonicalContext(context));
    } catch (error) {
      if (error instanceof CryptoError) fail("InvalidCiphertextException");
      throw error;
    }
  }

  async authoriseUse(
    caller: Caller,
    keyId: string | undefined,
    action: "GenerateDataKey" | "Decrypt" | "Encrypt" | "ReEncryptFrom" | "ReEncryptTo",
  ): Promise<KeyArn> {
    return this.#use(caller, keyId, action).arn;
  }

  #use(caller: Caller, keyId: string | undefined, action: string): FakeKey {
    const id = keyId ?? "aws-s3-managed";
    const arn = isKeyArn(id) ? id : keyArn(REGION, ACCOUNT, id);
    if (keyId === undefined && !this.#keys.has(arn)) this.create(id);
    if (id === "fake-key-id") fail("NotFoundException", `Invalid keyId '${id}'`);
    const key = this.#keys.get(arn);
    if (key === undefined) fail("NotFoundException", `Key '${arn}' does not exist`);
    if (this.denied.has(`${caller.sessionKey}:${action}`)) {
      fail("AccessDeniedException", `User: ${caller.sessionKey} is not authorized to perform: kms:${action}`);
    }
    if (key.state === "disabled") fail("DisabledException", `${arn} is disabled.`);
    if (key.state !== "enabled") fail("KMSInvalidStateException", `${arn} is ${key.state}.`);
    return key;
  }
}

const blobKey = (key: FakeKey) => ({
  keyUuid: new Uint8Array(16).fill(7),
  materialId: new Uint8Array(16).fill(9),
  multiRegion: false,
  keyArn: key.arn,
  material: key.material,
});
