/** Who used a KMS key and when last, as the audit trail knows it; counted in its indexes. */
import { countBy, type Group } from "../../audit/count.ts";
import { TrailReader } from "../../audit/reader.ts";
import type { Engine } from "../engine.ts";
import { iso } from "./text.ts";

/** Principals named in a report; all are counted. */
const LISTED_MAX = 1000;
/** Operations of the key service that use key material. S3 requests that used it are named by their own operation. */
const USES: ReadonlySet<string> = new Set([
  "Decrypt",
  "DeriveSharedSecret",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateMac",
  "ReEncrypt",
  "Sign",
  "Verify",
  "VerifyMac",
]);

export interface KeyUser {
  readonly principal: string;
  readonly first: string;
  readonly last: string;
  /** Records by operation: a use through S3 stands with S3's operation and, unless a bucket key was held, with the key service's. */
  readonly operations: Readonly<Record<string, number>>;
}
export interface KeyUsers {
  readonly used: readonly KeyUser[];
  readonly usedByInAll: number;
  /** By error: denied, or refused because the key was disabled. */
  readonly refused: readonly (KeyUser & { readonly error: string })[];
  readonly coverage: {
    /** Absent where the trail has no record. */
    readonly from: string | null;
    readonly to: string;
    /** Older ones, removed by `audit prune`. */
    readonly recordsPruned: number;
    readonly placesUnreadable: number;
    readonly recording: boolean;
  };
}

export async function keyUsers(engine: Engine, keyArn: string): Promise<KeyUsers> {
  const { files, seedOf, ledger, recorder, trail } = engine.audit;
  await trail.flush().catch(() => undefined);
  const reader = new TrailReader(files, seedOf);
  const fields = ["principal", "error", "source", "event"];
  const groups = (await countBy(reader, { key: keyArn }, fields)).filter(isUse);
  const used = usersOf(groups.filter(({ values }) => values[1] === ""));
  const refusals = Map.groupBy(
    groups.filter(({ values }) => values[1] !== ""),
    ({ values }) => values[1] ?? "",
  );
  const refused = [...refusals].flatMap(([error, of]) => usersOf(of).map((user) => ({ ...user, error })));
  const segments = await reader.segments(0, Number.MAX_SAFE_INTEGER);
  const oldestMs = Math.min(...segments.map(({ firstMs }) => firstMs));
  const pruned = [...(await ledger.streams()).values()].reduce((n, s) => n + (s.pruned?.seq ?? 0), 0);
  return {
    used: used.slice(0, LISTED_MAX),
    usedByInAll: used.length,
    refused: refused.slice(0, LISTED_MAX),
    coverage: {
      from: Number.isFinite(oldestMs) ? iso(oldestMs) : null,
      to: iso(engine.clock.now()),
      recordsPruned: pruned,
      placesUnreadable: reader.counts.damaged,
      recording: recorder !== undefined,
    },
  };
}

/** The copy for a key's owner names the caller's account only; the caller's own copy names the caller. */
function isUse({ values: [principal = "", , source, event = ""] }: Group): boolean {
  return !/^[0-9]{12}$/.test(principal) && (source === "s3" || USES.has(event));
}

/** The latest first. */
function usersOf(groups: readonly Group[]): readonly KeyUser[] {
  const users = [...Map.groupBy(groups, ({ values }) => values[0] ?? "")].map(([principal, of]) => {
    const operations: Record<string, number> = {};
    for (const { values, count } of of) {
      const event = values[3] ?? "";
      operations[event] = (operations[event] ?? 0) + count;
    }
    return {
      principal,
      firstMs: Math.min(...of.map(({ firstMs }) => firstMs)),
      lastMs: Math.max(...of.map(({ lastMs }) => lastMs)),
      operations,
    };
  });
  return users
    .toSorted((a, b) => b.lastMs - a.lastMs)
    .map(({ principal, firstMs, lastMs, operations }) => ({
      principal,
      first: iso(firstMs),
      last: iso(lastMs),
      operations,
    }));
}
