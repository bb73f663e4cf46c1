/**
 * A request as the operations see it: authenticated, with its bucket found. Headers are those the request means
 * (presigned parameters included); a POST form puts its fields in their place.
 */
import type { HeaderView } from "../../auth/headers.ts";
import type { Query } from "../../auth/query.ts";
import type { Caller } from "../../base/caller.ts";
import { assert, fail } from "../../base/errors.ts";
import type { BucketName, ObjectKey } from "../../base/ids.ts";
import type { SecretKey } from "@strongroom/crypto";
import type { Body, Bucket, Tag, UploadAccess } from "../../objects/api.ts";
import type { Exchange } from "../common/exchange.ts";
import type { Address } from "./address.ts";
import type { S3Deps } from "./deps.ts";
import type { CopySourceHeader } from "./read/copy-source.ts";

/** What authentication found out, beyond the caller. */
export interface Signing {
  readonly headers: HeaderView;
  /** Value for s3:x-amz-content-sha256; absent for anonymous callers and forms. */
  readonly contentSha256?: string;
  readonly signatureAgeMs?: number;
  readonly presigned: boolean;
}

/** What only browser uploads have. */
export interface FormExtras {
  /** All fields by lower-case name, one character per byte. */
  readonly fields: HeaderView;
  /** The file; its size becomes known on the way. */
  open(): Promise<Body>;
}

export class S3Request {
  readonly exchange: Exchange;
  readonly deps: S3Deps;
  readonly caller: Caller;
  readonly signing: Signing;
  readonly headers: HeaderView;
  readonly query: Query;
  readonly bucketName: BucketName | undefined;
  readonly body: Body;
  readonly form: FormExtras | undefined;
  /** Encryption that conditions see in place of headers: that of the upload (spec I.2), or of a body. */
  asked: UploadAccess | undefined;
  /** Tags that conditions see in place of the header: those of a body or of a form's field. */
  askedTags: readonly Tag[] | undefined;
  /** Condition values that stand in the request itself, once a decision has looked. */
  values: ReadonlyMap<string, string | readonly string[]> | undefined;
  /** The parsed copy source and its bucket, once `needs` has looked. */
  source: { readonly header: CopySourceHeader; readonly bucket: Bucket } | undefined;
  /** For the audit record, what only the operation knows of its body; never a secret. */
  audited: Readonly<Record<string, unknown>> | undefined;
  #bucket: Bucket | undefined;
  readonly #key: ObjectKey | undefined;
  readonly #secrets: SecretKey[] = [];

  constructor(parts: {
    readonly exchange: Exchange;
    readonly deps: S3Deps;
    readonly caller: Caller;
    readonly signing: Signing;
    readonly address: Address;
    readonly bucket: Bucket | undefined;
    readonly body: Body;
    readonly form?: FormExtras;
  }) {
    this.exchange = parts.exchange;
    this.deps = parts.deps;
    this.caller = parts.caller;
    this.signing = parts.signing;
    this.headers = parts.signing.headers;
    this.query = parts.exchange.raw.query;
    this.bucketName = parts.address.bucket;
    this.body = parts.body;
    this.form = parts.form;
    this.#bucket = parts.bucket;
    this.#key = parts.address.key;
  }

  get bucket(): Bucket {
    assert(this.#bucket !== undefined, "the pipeline has found the bucket");
    return this.#bucket;
  }

  get bucketIfAny(): Bucket | undefined {
    return this.#bucket;
  }

  get key(): ObjectKey {
    assert(this.#key !== undefined, "the route has a key");
    return this.#key;
  }

  get keyIfAny(): ObjectKey | undefined {
    return this.#key;
  }

  /** `name` in lower case. */
  header(name: string): string | undefined {
    return this.headers.find(name);
  }

  /** A parameter whose empty value means the same as its absence. */
  parameter(name: string): string | undefined {
    const value = this.query.size === 0 ? undefined : this.query.get(name);
    return value === "" ? undefined : value;
  }

  get versionId(): string | undefined {
    if (this.query.size === 0) return undefined;
    const id = this.query.get("versionId");
    if (id === "") {
      fail("InvalidArgument", {
        message: "Version id cannot be the empty string",
        elements: { ArgumentName: "versionId", ArgumentValue: "" },
      });
    }
    return id;
  }

  /** Keys handed in with the request: wiped when it ends, whatever happens. */
  keep(secret: SecretKey | undefined): void {
    if (secret !== undefined) this.#secrets.push(secret);
  }

  wipe(): void {
    for (const secret of this.#secrets) secret[Symbol.dispose]();
  }
}
