/**
 * Puts records together and hands them to the trail: what all services' records share, and those of the key service,
 * which come from two sides (calls of clients, and S3 on a requester's behalf).
 */
import { keyedHash, type SecretKey } from "@strongroom/crypto";
import type { Caller } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import { isKeyArn } from "../base/ids.ts";
import { errorCodeOf, jsonOf, keptMessage } from "./allow.ts";
import { type EventParts, eventText, newEventId } from "./event.ts";
import { factsOf, type Links } from "./facts.ts";
import { type Identity, identityFrom, identityOf } from "./identity.ts";
import type { Trail } from "./trail.ts";

export interface KmsFacts {
  readonly caller: Caller;
  readonly via: "direct" | "s3";
  readonly operation: string;
  readonly timeMs: number;
  readonly requestId: string;
  /** Absent: one is made. */
  readonly eventId?: string;
  readonly request: string;
  readonly response: string;
  readonly readOnly: boolean;
  readonly arns: readonly string[];
  readonly materialIds: readonly string[];
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly tls?: string | undefined;
  /** Further members of additionalEventData. */
  readonly more?: Readonly<Record<string, string>>;
}

const AWS_INTERNAL = "AWS Internal";
const FINGERPRINT_BYTES = 16;

export class Recorder {
  readonly trail: Trail;
  readonly region: string;
  readonly clock: Clock;
  readonly #hashKey: SecretKey<"audit">;

  constructor(parts: {
    readonly trail: Trail;
    readonly region: string;
    readonly clock: Clock;
    readonly hashKey: SecretKey<"audit">;
  }) {
    this.trail = parts.trail;
    this.region = parts.region;
    this.clock = parts.clock;
    this.#hashKey = parts.hashKey;
  }

  /** Appends; the ticket is for `trail.durable`. */
  append(parts: EventParts, links: Links): number {
    return this.trail.append({
      text: eventText(parts),
      timeMs: parts.timeMs,
      facts: factsOf(parts, links),
    });
  }

  /** Tells equal values of one use, and nothing else, to whoever reads the trail. */
  fingerprint(use: string, value: string): string {
    const hash = keyedHash(this.#hashKey, use, Buffer.from(value));
    return `hmac:${Buffer.from(hash).subarray(0, FINGERPRINT_BYTES).toString("hex")}`;
  }

  /** One use or change of a KMS key. Cross-account ones are written for both accounts (spec audit section 1). */
  kms(facts: KmsFacts): number {
    const { caller, via, arns, error } = facts;
    const viaS3 = via === "s3";
    const identity = identityOf(caller);
    const owners = new Set(arns.map(accountOfArn).filter((account) => account !== identity.account));
    const shared = owners.size === 0 ? undefined : newEventId(facts.timeMs);
    const parts: EventParts = {
      identity,
      ...(viaS3 ? { invokedBy: AWS_INTERNAL } : {}),
      timeMs: facts.timeMs,
      service: "kms",
      name: facts.operation,
      region: this.region,
      sourceIp: viaS3 ? AWS_INTERNAL : caller.sourceIp,
      userAgent: viaS3 ? AWS_INTERNAL : caller.userAgent,
      errorCode: error === undefined ? undefined : errorCodeOf(error.code),
      errorMessage: error === undefined ? undefined : keptMessage(error.code, error.message),
      request: facts.request,
      response: facts.response,
      additional: additionalOf(facts),
      requestId: facts.requestId,
      eventId: facts.eventId ?? newEventId(facts.timeMs),
      readOnly: facts.readOnly,
      resources: resourcesOf(arns),
      management: true,
      recipient: identity.account,
      tls: facts.tls,
      sharedId: shared,
    };
    const links: Links = {
      keys: arns,
      materials: facts.materialIds,
      // Who looks for an S3 request finds what it did with keys.
      forRequest: viaS3 ? caller.requestId : undefined,
      intent: facts.more?.["phase"] === "intent",
    };
    let ticket = this.append(parts, links);
    for (const owner of owners) {
      ticket = this.append(
        {
          ...parts,
          identity: ownersView(identity),
          eventId: newEventId(facts.timeMs),
          recipient: owner,
        },
        links,
      );
    }
    return ticket;
  }

  /** What the store did by itself. */
  service(name: string, service: string, account: string, details: unknown, arns: readonly string[]): number {
    const timeMs = this.clock.now();
    const identity = identityFrom(
      `{"accountId":${JSON.stringify(account)},"invokedBy":"${AWS_INTERNAL}"`,
      account,
    );
    return this.append(
      {
        identity,
        timeMs,
        service,
        name,
        region: this.region,
        sourceIp: AWS_INTERNAL,
        userAgent: AWS_INTERNAL,
        request: "null",
        response: "null",
        requestId: newEventId(timeMs),
        eventId: newEventId(timeMs),
        readOnly: false,
        resources: resourcesOf(arns),
        type: "AwsServiceEvent",
        serviceDetails: jsonOf(details) ?? "null",
        management: true,
        recipient: account,
      },
      { keys: arns },
    );
  }
}

/** The owner of a key sees from which account it was used, and not by whom. */
const ownersView = ({ account }: Identity): Identity =>
  identityFrom(`{"type":"AWSAccount","principalId":"${account}","accountId":"${account}"`, account);

function additionalOf({ via, caller, materialIds, operation, more = {} }: KmsFacts): string | undefined {
  const members: string[] = [];
  if (operation === "ReEncrypt" && materialIds.length === 2) {
    members.push(
      `"sourceKeyMaterialId":"${materialIds[0]}"`,
      `"destinationKeyMaterialId":"${materialIds[1]}"`,
    );
  } else if (materialIds[0] !== undefined) members.push(`"keyMaterialId":"${materialIds[0]}"`);
  if (via === "s3") members.push(`"s3RequestID":"${caller.requestId}"`);
  for (const [name, value] of Object.entries(more)) members.push(`"${name}":${JSON.stringify(value)}`);
  return members.length === 0 ? undefined : `{${members.join(",")}}`;
}

function resourcesOf(arns: readonly string[]): string | undefined {
  if (arns.length === 0) return undefined;
  const list = arns.map(
    (arn) => `{"accountId":"${accountOfArn(arn)}","type":"AWS::KMS::Key","ARN":${JSON.stringify(arn)}}`,
  );
  return `[${list.join(",")}]`;
}

const accountOfArn = (arn: string): string => (isKeyArn(arn) ? (arn.split(":")[4] ?? "") : "");
