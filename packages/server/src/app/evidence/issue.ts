/** Puts a certificate of erasure together: from the key's tombstone, and from what is looked at as it is issued. */
import { TrailSigner } from "@strongroom/crypto";
import type { Dependents, Tombstone } from "../../kms/tombstone.ts";
import { hexOf } from "../../store/key-order.ts";
import type { Engine } from "../engine.ts";
import { VERSION } from "../version.ts";
import { type Certificate, signCertificate, signingKeyName } from "./certificate.ts";
import type { NamedKey } from "./find-key.ts";

/** The public keys that this store signs with, oldest first. */
export function signingKeys(engine: Engine): readonly string[] {
  return engine.keyrings
    .current()
    .terms("audit")
    .map(({ term, key }) => signingKeyName(term, new TrailSigner(key).publicKey));
}

/** Undefined with a reason where there is nothing to certify. */
export async function issueCertificate(
  engine: Engine,
  { arn, key, tombstone }: NamedKey,
): Promise<{ readonly file: string; readonly certificate: Certificate } | { readonly refused: string }> {
  if (key !== undefined || tombstone?.destroyedMs === undefined)
    return {
      refused: `${arn} is not destroyed${key === undefined ? "" : `; it is ${stateText(key.state)}`}`,
    };
  const left = await rowsLeft(engine, tombstone);
  if (left > 0) return { refused: `${left} rows of ${arn} are still there; run strongroom verify` };
  const { term, key: seed } = engine.keyrings.current().current("audit");
  const signer = new TrailSigner(seed);
  const certificate: Certificate = {
    ...statementOf(engine, arn, tombstone, tombstone.destroyedMs),
    signingKey: signingKeyName(term, signer.publicKey),
  };
  return { file: signCertificate(certificate, signer), certificate };
}

const stateText = (state: { readonly kind: string; readonly deletionMs?: number }): string =>
  state.deletionMs === undefined ? state.kind : `${state.kind}, due ${iso(state.deletionMs)}`;

async function rowsLeft(engine: Engine, { account, keyId, materials }: Tombstone): Promise<number> {
  const asked = materials.map(({ id }) => ({ account, keyId, id }));
  const gone = await engine.kms.rows.withoutRow(asked);
  return asked.length - gone.length;
}

function statementOf(
  engine: Engine,
  arn: string,
  tombstone: Tombstone,
  destroyedMs: number,
): Omit<Certificate, "signingKey"> {
  const { scheduledMs, lastUse, dependents } = tombstone;
  const keyring = engine.keyrings.current();
  const wrappedUnder = Math.max(0, ...tombstone.materials.map(({ term }) => term ?? 0));
  // Imported material that went before the destruction has left no word of its term: any that there was by then.
  const unknown = tombstone.materials.some(({ term }) => term === undefined);
  const domainTermsLeft = keyring
    .terms("domain")
    .filter(({ term, createdMs }) => term <= wrappedUnder || (unknown && createdMs <= destroyedMs))
    .map(({ term }) => term);
  return {
    v: 1,
    store: hexOf(keyring.storeId),
    software: `strongroom ${VERSION}`,
    issued: iso(engine.clock.now()),
    key: {
      arn,
      account: tombstone.account,
      keyId: tombstone.keyId,
      spec: tombstone.spec,
      origin: tombstone.origin,
      created: iso(tombstone.createdMs),
      aliases: [...tombstone.aliases],
      grants: tombstone.grants,
    },
    materials: tombstone.materials.map(({ id, createdMs, term }) => ({
      id,
      created: iso(createdMs),
      wrappedUnderTerm: term ?? null,
    })),
    scheduled:
      scheduledMs === undefined
        ? null
        : {
            at: iso(scheduledMs),
            by: tombstone.scheduledBy ?? "",
            requestId: tombstone.scheduledRequest ?? "",
          },
    deletionDate: iso(tombstone.deletionMs),
    destroyed: { began: iso(tombstone.beganMs), at: iso(destroyedMs), by: "the store's schedule" },
    lastUse: lastUse === undefined ? null : { at: iso(lastUse.atMs), operation: lastUse.operation },
    dependents: dependents === undefined ? null : countsOf(dependents),
    check: { rowsLeft: 0, domainTermsLeft },
    beyondReach: beyondReach(domainTermsLeft, dependents),
  };
}

function countsOf(d: Dependents): NonNullable<Certificate["dependents"]> {
  return {
    countedFrom: iso(d.beganMs),
    countedTo: iso(d.endedMs),
    versionsRead: d.looked,
    uploadsRead: d.uploadsLooked,
    rowsUnreadable: d.unreadable,
    versions: d.versions,
    currentVersions: d.current,
    bytes: d.bytes,
    sseKms: d.sseKms,
    dsseKms: d.dsseKms,
    underBucketKeys: d.bucketKey,
    uploadsInProgress: d.uploads,
    buckets: d.buckets.map((b) => ({
      bucket: b.name,
      bucketId: b.id,
      versions: b.versions,
      bytes: b.bytes,
      uploadsInProgress: b.uploads,
      formerlyOpened: b.formerly,
    })),
    otherBuckets: d.otherBuckets,
    alsoOpenedBy: d.alsoOpenedBy.map(({ key, versions }) => ({ key, versions })),
    formerlyOpened: d.formerly,
  };
}

/** What the store cannot know or undo. Said in every certificate, so that nobody reads more into it. */
function beyondReach(domainTermsLeft: readonly number[], dependents: Dependents | undefined): string[] {
  const lines = [
    "Backups, snapshots and copies of the data directory made before the destruction hold the wrapped material; whoever also holds the root key of that time opens it. They must have expired.",
    "Plaintext that was read, and data keys that GenerateDataKey, Decrypt or ReEncrypt gave to clients, are with those clients.",
    "Imported material may exist where it came from.",
    "Versions copied or re-encrypted under other keys before the destruction are other versions, and stay readable.",
  ];
  if (domainTermsLeft.length > 0)
    lines.push(
      `Pages of the database file and blocks of the disk that are not in use may still hold the wrapped material. It opens only under the KMS domain key's terms ${domainTermsLeft.join(", ")}, which this store holds: strongroom rewrap --new-terms --remove-old-terms destroys them.`,
    );
  if ((dependents?.alsoOpenedBy.length ?? 0) > 0)
    lines.push(
      "Versions listed under alsoOpenedBy were once wrapped under other keys, or share their content with versions that are: earlier records of them, in backups or unused pages, or those other versions, open without the destroyed key.",
    );
  return lines;
}

const iso = (ms: number): string => new Date(ms).toISOString();
