/** What the API tells of each request to whoever listens. Both default to nobody. */
import type { HeaderView } from "../../auth/headers.ts";
import type { Caller } from "../../base/caller.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";

/** One request about to act, or refused. Headers hold secrets: who records them takes what a list allows. */
export interface RequestEvent {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  /** Absent where the request was refused before anybody was known. */
  readonly caller?: Caller | undefined;
  readonly bucket?: string | undefined;
  /** Account of the bucket's owner, once the bucket is found. */
  readonly bucketOwner?: string | undefined;
  /** Of a copy. */
  readonly source?:
    | { readonly bucket: string; readonly bucketOwner: string; readonly key: string }
    | undefined;
  readonly key?: string | undefined;
  readonly versionId?: string | undefined;
  readonly exchange?: Exchange | undefined;
  /** Headers as the request means them: presigned parameters and form fields included. */
  readonly headers?: HeaderView | undefined;
  /** Parameters of query services, by name. */
  readonly parameters?: ReadonlyMap<string, string> | undefined;
}

/** How it ended. The answer holds secrets, as headers do. */
export interface Outcome {
  readonly status: number;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
  /** What is about to be sent. */
  readonly answer?: Answer | undefined;
  /** What an operation tells about its body, which nobody else reads: documents that were set, keys that were deleted. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The result document of query services. */
  readonly result?: string | undefined;
}

/**
 * Fails closed: if the intent cannot be written the request is refused; if the outcome cannot, its answer is withheld.
 * Nothing to wait for is `undefined`, so that most requests wait for nobody.
 */
export interface AuditPort {
  intent(event: RequestEvent): void | Promise<void>;
  outcome(event: RequestEvent, outcome: Outcome): void | Promise<void>;
}

export interface RequestMeasure {
  readonly service: string;
  readonly operation: string;
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly milliseconds: number;
}

export interface Meter {
  request(measure: RequestMeasure): void;
}
