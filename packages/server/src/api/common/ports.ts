/** What the API tells of each request to whoever listens. Both default to nobody. */
import type { Caller } from "../../base/caller.ts";

/** One authenticated request about to act, or refused. No field holds a secret: ids, names and codes only. */
export interface RequestEvent {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  readonly caller: Caller;
  readonly bucket?: string;
  readonly key?: string;
  readonly versionId?: string;
  /** `s3:PutObject` on `arn:aws:s3:::b/k`, as authorised. */
  readonly needs: readonly { readonly action: string; readonly resource: string }[];
}

export interface OutcomeEvent extends RequestEvent {
  readonly status: number;
  readonly errorCode?: string;
}

/** Fails closed: if the intent cannot be written the request is refused. */
export interface AuditPort {
  intent(event: RequestEvent): void | Promise<void>;
  outcome(event: OutcomeEvent): void | Promise<void>;
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
