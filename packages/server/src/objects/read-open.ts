/**
 * Finding a version for a read and opening its keys, in the order of access 7: exists -> refused headers, transport,
 * customer's key -> (conditions, by the caller) -> key service. GET, HEAD, attributes and copy sources share it.
 */
import { decodeKekReference } from "@strongroom/crypto";
import { fail, IntegrityError } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import type { RefusedHeaders } from "./api.ts";
import type { Core } from "./core.ts";
import { openVersion, type OpenedVersion } from "./encryption/envelopes.ts";
import { customerKekOf, type Kek } from "./encryption/keks.ts";
import { checkReadTransport, checkSsecRead, refuseEncryptionHeaders } from "./encryption/resolve-read.ts";
import type { SsecRequest } from "./encryption/ssec-request.ts";
import type { Standing, StandingObject, Target } from "./publish.ts";
import { versionIdOf } from "./rows/version-id.ts";
import type { ObjectVersion } from "./rows/version-record.ts";

export interface ReadRequest {
  readonly versionId?: string | undefined;
  readonly ssec: SsecRequest;
  readonly refused?: RefusedHeaders | undefined;
}

/** A version that the request may open, its keys not yet asked for. */
export interface Readable {
  readonly standing: StandingObject;
  readonly version: ObjectVersion;
  /** Of the customer's key in the request, for responses. */
  readonly keyMd5: string | undefined;
  /** SSE-C: derived by the key check already. The one who opens the version, or gives up, disposes of it. */
  readonly kek: Kek | undefined;
}

/** What a delete marker is that nobody named, because it is current: to reads no object, to tags one that takes none. */
export type CurrentMarker = "NoSuchKey" | "MethodNotAllowed";

/** Throws NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker named by id. */
export function findObject(
  core: Core,
  target: Target,
  versionId: string | undefined,
  marker: CurrentMarker = "NoSuchKey",
): StandingObject | Promise<StandingObject> {
  const found = core.publisher.find(target, versionId);
  const require = (standing: Standing | undefined): StandingObject =>
    requireObject(target, standing, versionId, marker);
  return found instanceof Promise ? found.then(require) : require(found);
}

function requireObject(
  target: Target,
  standing: Standing | undefined,
  versionId: string | undefined,
  marker: CurrentMarker,
): StandingObject {
  if (standing === undefined) noSuch(target, versionId);
  if (isObject(standing)) return standing;
  return failMarker(target, standing, versionId === undefined ? marker : "MethodNotAllowed");
}

function isObject(standing: Standing): standing is StandingObject {
  return standing.version.kind === "object";
}

function noSuch(target: Target, versionId: string | undefined): never {
  if (versionId === undefined) fail("NoSuchKey", { elements: { Key: target.key } });
  fail("NoSuchVersion", { elements: { Key: target.key, VersionId: versionId } });
}

function failMarker({ bucket, key }: Target, { version }: Standing, code: CurrentMarker): never {
  const shown = bucket.versioning === "unversioned" ? {} : { "x-amz-version-id": versionIdOf(version) };
  const headers = { "x-amz-delete-marker": "true", ...shown };
  if (code === "NoSuchKey") fail(code, { headers, elements: { Key: key } });
  fail(code, {
    headers: {
      ...headers,
      "Last-Modified": new Date(version.lastModifiedMs).toUTCString(),
      Allow: "DELETE",
    },
    elements: { ResourceType: "DeleteMarker" },
  });
}

/** `needsKey`: whether data or checksums will be opened; a bare HEAD of a KMS object needs neither TLS nor a signature. */
export function findReadable(
  core: Core,
  caller: Caller,
  target: Target,
  request: ReadRequest,
  needsKey: boolean,
): Readable | Promise<Readable> {
  const found = findObject(core, target, request.versionId);
  if (found instanceof Promise) {
    return found.then((standing) => readableOf(caller, standing, request, needsKey));
  }
  return readableOf(caller, found, request, needsKey);
}

function readableOf(
  caller: Caller,
  standing: StandingObject,
  request: ReadRequest,
  needsKey: boolean,
): Readable {
  const { version } = standing;
  refuseEncryptionHeaders(request.refused);
  checkReadTransport(caller, version.mode, needsKey);
  const customer = checkSsecRead(caller, version.mode, request.ssec);
  if (customer === undefined) return { standing, version, keyMd5: undefined, kek: undefined };
  const reference = version.envelopes[0].kekReference;
  const ref = decodeKekReference(reference);
  if (ref.kind !== "customer") throw new IntegrityError("an SSE-C version without a customer's key");
  // The check runs on every path, HEAD and empty objects included (pitfall 13).
  const kek = { key: customerKekOf(ref, customer.key), reference, own: true };
  return { standing, version, keyMd5: customer.keyMd5, kek };
}

/** Asks the key service where the mode has one. The caller disposes of the deks. */
export function openReadable(
  core: Core,
  caller: Caller,
  readable: Readable,
): OpenedVersion | Promise<OpenedVersion> {
  return openVersion(core.sources, caller, readable.version, undefined, readable.kek);
}

export function disposeReadable(readable: Readable): void {
  readable.kek?.key[Symbol.dispose]();
}
