/** The operations of CloudTrail that this store has. */
import { storedDigestKey } from "../../audit/digest-key.ts";
import type { TrailReader } from "../../audit/reader.ts";
import type { Trail } from "../../audit/trail.ts";
import { type TrailTarget, trailTargets } from "../../audit/trail-targets.ts";
import type { Records } from "../../store/records.ts";
import type { Tokens } from "../../store/tokens.ts";
import { digestKeyFingerprint } from "@strongroom/crypto";
import { readKeysRequest, readLookup, readTrailsRequest } from "./input.ts";
import { lookupEvents } from "./lookup.ts";
import type { CloudTrailOperation } from "./service.ts";

export interface CloudTrailParts {
  readonly reader: TrailReader;
  readonly trail: Trail;
  readonly tokens: Tokens;
  readonly records: Records;
  readonly region: string;
  /** Whether an account may know of an export: what runs the store is not every account's to see. */
  readonly mayKnow: (account: string, target: TrailTarget) => Promise<boolean>;
}

/** The digest key does not change: it is valid as far as anybody asks. */
const YEARS_MS = 100 * 365 * 86_400_000;

export function cloudTrailOperations(parts: CloudTrailParts): ReadonlyMap<string, CloudTrailOperation> {
  const { reader, trail, tokens, records, region } = parts;
  const operations: readonly CloudTrailOperation[] = [
    {
      name: "LookupEvents",
      recorded: ["LookupAttributes", "StartTime", "EndTime", "MaxResults"],
      run: async (input, account) => {
        const lookup = readLookup(input);
        // What the caller has just done is there, at least through this process.
        await trail.flush().catch(() => undefined);
        return lookupEvents({ reader, tokens, account }, lookup);
      },
    },
    {
      name: "ListPublicKeys",
      recorded: ["StartTime", "EndTime"],
      run: async (input) => {
        readKeysRequest(input);
        const key = await storedDigestKey(records);
        if (key === undefined) return { PublicKeyList: [] };
        return {
          PublicKeyList: [
            {
              Value: Buffer.from(key.publicDer).toString("base64"),
              ValidityStartTime: 0,
              ValidityEndTime: Math.floor((key.createdMs + YEARS_MS) / 1000),
              Fingerprint: digestKeyFingerprint(key.publicDer),
            },
          ],
        };
      },
    },
    {
      // Trails are what exports were made for; the store's own trail is always on and has no bucket.
      name: "DescribeTrails",
      recorded: ["trailNameList", "includeShadowTrails"],
      run: async (input, account) => {
        const { trailNameList: names = [] } = readTrailsRequest(input);
        const arnOf = trailArn(region, account);
        const trails = (await trailsFor(parts, account)).filter(
          ({ name }) => names.length === 0 || names.includes(name) || names.includes(arnOf(name)),
        );
        return { trailList: trails.map((target) => trailOf(target, region, arnOf)) };
      },
    },
    {
      name: "ListTrails",
      recorded: [],
      run: async (_, account) => {
        const arnOf = trailArn(region, account);
        const trails = await trailsFor(parts, account);
        return {
          Trails: trails.map(({ name }) => ({ TrailARN: arnOf(name), Name: name, HomeRegion: region })),
        };
      },
    },
  ];
  return new Map(operations.map((operation) => [operation.name, operation]));
}

async function trailsFor(
  { records, mayKnow }: CloudTrailParts,
  account: string,
): Promise<readonly TrailTarget[]> {
  const targets = await trailTargets(records);
  const known = await Promise.all(targets.map((target) => mayKnow(account, target)));
  return targets.filter((_, i) => known[i]);
}

const trailArn =
  (region: string, account: string) =>
  (name: string): string =>
    `arn:aws:cloudtrail:${region}:${account}:trail/${name}`;

function trailOf(
  { name, bucket, prefix }: TrailTarget,
  region: string,
  arnOf: (name: string) => string,
): unknown {
  return {
    Name: name,
    TrailARN: arnOf(name),
    S3BucketName: bucket,
    ...(prefix === "" ? {} : { S3KeyPrefix: prefix }),
    HomeRegion: region,
    IncludeGlobalServiceEvents: true,
    IsMultiRegionTrail: false,
    IsOrganizationTrail: false,
    LogFileValidationEnabled: true,
    HasCustomEventSelectors: false,
    HasInsightSelectors: false,
  };
}
