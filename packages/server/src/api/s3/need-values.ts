/**
 * Condition values of one question about a request. What has to be read from the store (tags of the object, the ARN behind
 * a key's alias) is read only when a policy in play names it: the decision that missed something says so, and is made
 * again with it.
 */
import type { ConditionValues } from "../../base/access.ts";
import { ServiceError } from "../../base/errors.ts";
import type { EncryptionContext } from "../../kms/port.ts";
import { bucketArn, fullContext, objectArn, parseContextHeader } from "../../objects/encryption/context.ts";
import { viaKms } from "../../objects/encryption/kms-errors.ts";
import { askedKey, effectiveKey, type NamedKey, requestValues, tagValues } from "./conditions.ts";
import type { Need } from "./operation.ts";
import type { S3Request } from "./request.ts";

type Value = string | readonly string[];
const EXISTING_TAG = "s3:existingobjecttag/";

export class NeedValues implements ConditionValues {
  readonly #req: S3Request;
  readonly #need: Need;
  #tags: ReadonlyMap<string, Value> | undefined;
  #wantsTags = false;
  /** Ids whose ARN was asked for and is not known; "" is the caller's `aws/s3`. */
  #wantedKeys: Set<string> | undefined;
  #arns: Map<string, string | undefined> | undefined;

  constructor(req: S3Request, need: Need) {
    this.#req = req;
    this.#need = need;
  }

  get(key: string): Value | undefined {
    // A version named elsewhere than in the query: by a copy source, by an entry of DeleteObjects.
    if (key === "s3:versionid" && this.#need.versionId !== undefined) return this.#need.versionId;
    if (key === "s3:if-match" && this.#need.ifMatch !== undefined) return this.#need.ifMatch;
    if (key.startsWith(EXISTING_TAG)) return this.#tag(key.slice(EXISTING_TAG.length));
    if (key === "s3:x-amz-server-side-encryption-aws-kms-key-id") return this.#arn(askedKey(this.#req));
    if (key === "strongroom:effective-kms-key-id") return this.#arn(effectiveKey(this.#req));
    return requestValues(this.#req).get(key);
  }

  /** Whether everything that was asked for was there to be had. */
  get complete(): boolean {
    return !this.#wantsTags && this.#wantedKeys === undefined;
  }

  /** Reads what was missed. It is not missed again, so that decisions come to an end. */
  async load(): Promise<void> {
    if (this.#wantsTags) {
      this.#tags = await this.#readTags();
      this.#wantsTags = false;
    }
    const { deps, caller } = this.#req;
    for (const id of this.#wantedKeys ?? []) {
      const named = id === "" ? undefined : id;
      const arn = await viaKms(named, async () => deps.resolveKeyArn?.(caller, named, this.#contexts()));
      // What can't be told is seen as it was sent.
      this.#arns ??= new Map();
      this.#arns.set(id, arn ?? (id === "" ? undefined : id));
    }
    this.#wantedKeys = undefined;
  }

  #tag(name: string): Value | undefined {
    if (this.#tags === undefined) this.#wantsTags = true;
    return this.#tags?.get(name);
  }

  #arn(named: NamedKey | undefined): string | undefined {
    if (named === undefined) return undefined;
    const { id = "" } = named;
    if (id.startsWith("arn:") && !id.includes(":alias/")) return id;
    if (this.#arns?.has(id) !== true) (this.#wantedKeys ??= new Set()).add(id);
    return this.#arns?.get(id);
  }

  /** With a bucket key or without: which of them it will be is decided later. */
  #contexts(): readonly EncryptionContext[] {
    const { bucketIfAny: bucket, keyIfAny: key, headers } = this.#req;
    if (bucket === undefined) return [];
    const arns = [...(key === undefined ? [] : [objectArn(bucket.name, key)]), bucketArn(bucket.name)];
    try {
      const header = headers.find("x-amz-server-side-encryption-context");
      const user = header === undefined ? undefined : parseContextHeader(header);
      return arns.map((arn) => fullContext(user, arn));
    } catch (error) {
      // That it is malformed is said after the rights.
      if (error instanceof ServiceError) return arns.map((arn) => fullContext(undefined, arn));
      throw error;
    }
  }

  /** An object that is not there has no tags. */
  async #readTags(): Promise<ReadonlyMap<string, Value>> {
    const { bucket, key, versionId = this.#req.query.get("versionId") } = this.#need;
    if (bucket === undefined || typeof bucket === "string" || key === undefined) return new Map();
    try {
      const { tags } = await this.#req.deps.objects.getTags(bucket, key, versionId);
      return tagValues(tags);
    } catch (error) {
      if (error instanceof ServiceError && error.status < 500) return new Map();
      throw error;
    }
  }
}
