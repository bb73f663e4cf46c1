/**
 * Puts records together and hands them to the trail: what all services' records share, and those of the key service,
 * which come from two sides (calls of clients, and S3 on a requester's behalf).
 */
import { keyedHash, type SecretKey } from "@strongroom/crypto";
import type { Caller, KeyUses } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import { isKeyArn } from "../base/ids.ts";
import { TRAIL_LATER_MAX } from "../base/limits.ts";
import { errorCodeOf, jsonOf, keptMessage } from "./allow.ts";
import { type EventParts, eventText, isoSeconds, newEventId } from "./event.ts";
import { factsOf, type Links, type RecordFacts } from "./facts.ts";
import { Forms, type Shape } from "./forms.ts";
import { type Identity, identityFrom, identityOf } from "./identity.ts";
import { SLOT } from "./template.ts";
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
  /** Keys of other accounts that did not let the caller in: as it named them, and those that are there. */
  readonly refused: { readonly named: readonly string[]; readonly keys: readonly string[] };
  readonly materialIds: readonly string[];
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly tls?: string | undefined;
  /** Further members of additionalEventData. */
  readonly more?: Readonly<Record<string, string>>;
}

/** What a record has in common with others, and what not. */
export interface Likeness extends Pick<RecordFacts, "object" | "request"> {
  readonly name: string;
  readonly shape: Shape;
  readonly values: string;
  readonly timeMs: number;
}

const AWS_INTERNAL = "AWS Internal";
const FINGERPRINT_BYTES = 16;

export class Recorder {
  readonly trail: Trail;
  readonly region: string;
  readonly clock: Clock;
  readonly #hashKey: SecretKey<"audit">;
  readonly #forms = new Forms();
  /** What was put off, in the order in which it came. */
  #later: (() => unknown)[] = [];

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

  /**
   * As {@link append} for records that come by the thousand. Those about `name` with equal shapes differ in `values` only,
   * which are in the order of the text, joined by {@link SLOT}. `build` puts the whole record together, or the same with a
   * slot for each value.
   */
  appendLike(
    { name, shape, values, timeMs, object, request }: Likeness,
    build: (slotted: boolean) => { readonly parts: EventParts; readonly links: Links },
  ): number {
    const form = this.#forms.find(name, shape);
    if (form !== undefined) {
      const { template, columns } = form;
      return this.trail.append({ text: values, template, timeMs, facts: { columns, object, request } });
    }
    const { parts, links } = build(false);
    const text = eventText(parts);
    const slotted = eventText(build(true).parts, SLOT);
    const facts = factsOf(parts, links);
    this.#forms.learn(name, shape, { text, slotted, values, columns: facts.columns });
    return this.trail.append({ text, timeMs, facts });
  }

  /**
   * `append` is called with others of its kind, before the next record is taken. All that its record is made of must stay as
   * it is. Who waits for it does so with `trail.durableLater`, and asks before whether `uses` is unrecorded: `append` may have
   * been called already.
   */
  putOff(append: () => unknown, uses?: KeyUses): void {
    const noting = uses === undefined ? append : () => notingFailure(append, uses);
    if (this.#later.push(noting) === 1) this.trail.later(this.#appendLater);
    else if (this.#later.length >= TRAIL_LATER_MAX) this.trail.takeLater();
  }

  readonly #appendLater = (): void => {
    const all = this.#later;
    this.#later = [];
    const failures: unknown[] = [];
    for (const append of all) {
      try {
        append();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures);
  };

  /** Tells equal values of one use, and nothing else, to whoever reads the trail. */
  fingerprint(use: string, value: string): string {
    const hash = keyedHash(this.#hashKey, use, Buffer.from(value));
    return `hmac:${Buffer.from(hash).subarray(0, FINGERPRINT_BYTES).toString("hex")}`;
  }

  /**
   * One use or change of a KMS key. Cross-account ones are written for both accounts (spec audit section 1); where the key
   * does not let the caller in, the caller's record tells no more than the caller knew.
   */
  kms(facts: KmsFacts): number {
    const { caller, arns, refused, timeMs } = facts;
    const identity = identityOf(caller);
    const eventId = facts.eventId ?? newEventId(timeMs);
    const [arn] = arns;
    const own = arns.every((name) => accountOfArn(name) === identity.account);
    if (arn !== undefined && own && facts.error === undefined && facts.more === undefined)
      return this.#kmsLike(facts, identity, eventId, arn);
    const owners = new Set(arns.map(accountOfArn).filter((account) => account !== identity.account));
    const sharedId = owners.size === 0 ? undefined : newEventId(timeMs);
    const append = (named: readonly string[], owner?: string): number => {
      const shown = { ...facts, arns: [...arns, ...named] };
      const parts = { ...this.#kmsParts(shown, identity, eventId), sharedId };
      return this.append(owner === undefined ? parts : ownersCopy(parts, caller, owner), kmsLinks(shown));
    };
    let ticket = append(refused.named);
    for (const owner of new Set([...owners, ...refused.keys.map(accountOfArn)])) {
      const theirs = new Set(refused.keys.filter((name) => accountOfArn(name) === owner));
      ticket = append([...theirs], owner);
    }
    return ticket;
  }

  #kmsLike(facts: KmsFacts, identity: Identity, eventId: string, arn: string): number {
    const { caller, operation, timeMs, requestId, request, response, arns, materialIds } = facts;
    const viaS3 = facts.via === "s3";
    const values = `${isoSeconds(timeMs)}${SLOT}${request}${SLOT}${response}${viaS3 ? SLOT + caller.requestId : ""}${SLOT}${requestId}${SLOT}${eventId}`;
    const shape: Shape = [
      facts.via,
      operation,
      identity,
      viaS3 ? AWS_INTERNAL : caller.sourceIp,
      viaS3 ? AWS_INTERNAL : caller.userAgent,
      facts.readOnly,
      joined(materialIds),
      joined(arns),
      facts.tls,
    ];
    const names = viaS3 ? [requestId, caller.requestId] : [requestId];
    return this.appendLike({ name: arn, shape, values, timeMs, object: [], request: names }, (slotted) => ({
      parts: slotted
        ? this.#kmsParts({ ...facts, request: SLOT, response: SLOT, requestId: SLOT }, identity, SLOT, SLOT)
        : this.#kmsParts(facts, identity, eventId),
      links: kmsLinks(facts),
    }));
  }

  #kmsParts(
    facts: KmsFacts,
    identity: Identity,
    eventId: string,
    s3RequestId: string = facts.caller.requestId,
  ): EventParts {
    const { caller, via, arns, error } = facts;
    const viaS3 = via === "s3";
    return {
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
      additional: additionalOf(facts, s3RequestId),
      requestId: facts.requestId,
      eventId,
      readOnly: facts.readOnly,
      resources: resourcesOf(arns),
      management: true,
      recipient: identity.account,
      tls: facts.tls,
    };
  }

  /** What the store did by itself, or is about to do. */
  service(
    name: string,
    service: string,
    account: string,
    details: unknown,
    arns: readonly string[],
    intent = false,
  ): number {
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
        ...(intent && { additional: '{"phase":"intent"}' }),
        requestId: newEventId(timeMs),
        eventId: newEventId(timeMs),
        readOnly: false,
        resources: resourcesOf(arns),
        type: "AwsServiceEvent",
        serviceDetails: jsonOf(details) ?? "null",
        management: true,
        recipient: account,
      },
      { keys: arns, intent },
    );
  }
}

/** The owner of a key sees from which account it was used, and not by whom. */
function ownersCopy(parts: EventParts, { principal }: Caller, owner: string): EventParts {
  const { account } = parts.identity;
  const open = `{"type":"AWSAccount","principalId":"${account}","accountId":"${account}"`;
  const { errorMessage } = parts;
  return {
    ...parts,
    identity: identityFrom(open, account),
    errorMessage: "arn" in principal ? errorMessage?.replaceAll(principal.arn, account) : errorMessage,
    eventId: newEventId(parts.timeMs),
    recipient: owner,
  };
}

function notingFailure(append: () => unknown, uses: KeyUses): void {
  try {
    append();
  } catch (error) {
    uses.isUnrecorded = true;
    throw error;
  }
}

const joined = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] ?? "") : texts.join(" ");

const kmsLinks = ({ arns, materialIds, via, caller, more }: KmsFacts): Links => ({
  keys: arns,
  materials: materialIds,
  // Who looks for an S3 request finds what it did with keys.
  forRequest: via === "s3" ? caller.requestId : undefined,
  intent: more?.["phase"] === "intent",
});

function additionalOf(
  { via, materialIds, operation, more = {} }: KmsFacts,
  s3RequestId: string,
): string | undefined {
  const members: string[] = [];
  if (operation === "ReEncrypt" && materialIds.length === 2) {
    members.push(
      `"sourceKeyMaterialId":"${materialIds[0]}"`,
      `"destinationKeyMaterialId":"${materialIds[1]}"`,
    );
  } else if (materialIds[0] !== undefined) members.push(`"keyMaterialId":"${materialIds[0]}"`);
  if (via === "s3") members.push(`"s3RequestID":"${s3RequestId}"`);
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

/** Of the key that was asked for last: it is asked for again. */
let lastArn = "";
let lastAccount = "";
function accountOfArn(arn: string): string {
  if (arn !== lastArn) {
    lastArn = arn;
    lastAccount = isKeyArn(arn) ? (arn.split(":")[4] ?? "") : "";
  }
  return lastAccount;
}
