/** CloudTrail's look into the trail, on the wire. */
import { cloudTrailOperations } from "../../api/cloudtrail/index.ts";
import { CloudTrailService } from "../../api/cloudtrail/service.ts";
import type { Service } from "../../api/common/serve.ts";
import { TrailReader } from "../../audit/reader.ts";
import type { TrailTarget } from "../../audit/trail-targets.ts";
import { parseBucketName } from "../../base/ids.ts";
import type { Engine } from "../engine.ts";
import type { Auth } from "./index.ts";

export function openCloudTrail(engine: Engine, auth: Auth): Service {
  const { audit, authoriser, buckets, tokens, records, settings } = engine;
  const { files, seedOf, trail, recorder } = audit;
  const reader = new TrailReader(files, seedOf);
  /** The operator's account knows all exports; whose bucket of this store it was said to be, and still is, has them before it anyway. */
  const mayKnow = async (account: string, { bucket, owner }: TrailTarget): Promise<boolean> =>
    account === settings.account ||
    (owner === account && (await buckets.find(parseBucketName(bucket)))?.owner === account);
  return new CloudTrailService({
    auth,
    authoriser,
    ...(recorder === undefined ? {} : { recorder }),
    operations: cloudTrailOperations({ reader, trail, tokens, records, region: settings.region, mayKnow }),
  });
}
