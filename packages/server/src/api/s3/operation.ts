/**
 * An operation is a row of data and three small functions. The route table, the metric names, the audit names and the
 * support table in the documentation are derived from the list in `index.ts`.
 */
import type { BucketName, ObjectKey } from "../../base/ids.ts";
import type { Bucket } from "../../objects/api.ts";
import type { Answer } from "../common/answer.ts";
import type { S3Request } from "./request.ts";

export interface Route {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly target: "service" | "bucket" | "object";
  /** Query parameters that must be there: a name, or `name=value`. The first is the sub-resource. */
  readonly query?: readonly string[];
  /** A header that must be there. */
  readonly header?: string;
}

/** One (action, resource) that must be allowed (spec access 8). */
export interface Need {
  readonly action: string;
  /** Absent: `*`. */
  readonly bucket?: Bucket | BucketName;
  readonly key?: ObjectKey;
  /** For s3:versionid; the request's own when absent. */
  readonly versionId?: string;
  /** For s3:if-match, where a body says it (entries of DeleteObjects): at most one value, and none is none. */
  readonly ifMatch?: readonly string[];
}

interface Common {
  readonly name: string;
  readonly route: Route;
  readonly needs: (req: S3Request) => readonly Need[] | Promise<readonly Need[]>;
  /** May outlast a client's patience: see slow.ts. The answer must be an XML document. */
  readonly slow?: boolean;
  /** Credentials stand in the form: the operation authenticates and authorises itself. */
  readonly readsForm?: boolean;
  /** The bucket named by the request need not exist (CreateBucket). */
  readonly createsBucket?: boolean;
  /**
   * NoSuchKey is told only to callers who may list (spec access 7), others get 403. The bucket meant is that of the
   * source for copies.
   */
  readonly hidesMissing?: (req: S3Request) => Bucket;
}

export interface Definition<I, O> extends Common {
  /** Headers, query and small bodies into typed input. Syntax only: everything here is 400. */
  readonly parse: (req: S3Request) => I | Promise<I>;
  readonly handle: (input: I, req: S3Request) => Promise<O>;
  readonly respond: (output: O, req: S3Request, input: I) => Answer | Promise<Answer>;
}

export interface Operation extends Common {
  /** False: a known operation of S3 that we answer with NotImplemented. */
  readonly supported: boolean;
  readonly run: (req: S3Request) => Promise<Answer>;
}

/** The types of a definition meet here and nowhere else: what `parse` makes is what `handle` takes. */
export function operation<I, O>(definition: Definition<I, O>): Operation {
  const { parse, handle, respond, ...common } = definition;
  return {
    ...common,
    supported: true,
    run: async (req) => {
      const parsed = parse(req);
      const input = parsed instanceof Promise ? await parsed : parsed;
      return respond(await handle(input, req), req, input);
    },
  };
}

export const onBucket =
  (action: string) =>
  (req: S3Request): readonly Need[] => [{ action, bucket: req.bucket }];

/** "(V)" of the action table: the second action when the request names a version. */
export const onObject =
  (action: string, versionAction?: string) =>
  (req: S3Request): readonly Need[] => [
    {
      action: versionAction !== undefined && req.query.has("versionId") ? versionAction : action,
      bucket: req.bucket,
      key: req.key,
    },
  ];

export const ownBucket = (req: S3Request): Bucket => req.bucket;
