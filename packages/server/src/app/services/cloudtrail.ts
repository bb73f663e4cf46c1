/** CloudTrail's look into the trail, on the wire. */
import { cloudTrailOperations } from "../../api/cloudtrail/index.ts";
import { CloudTrailService } from "../../api/cloudtrail/service.ts";
import type { Service } from "../../api/common/serve.ts";
import { TrailReader } from "../../audit/reader.ts";
import type { Engine } from "../engine.ts";
import type { Auth } from "./index.ts";

export function openCloudTrail(engine: Engine, auth: Auth): Service {
  const { audit, authoriser, tokens, records, settings } = engine;
  const { files, seedOf, trail, recorder } = audit;
  const reader = new TrailReader(files, seedOf);
  return new CloudTrailService({
    auth,
    authoriser,
    ...(recorder === undefined ? {} : { recorder }),
    operations: cloudTrailOperations({ reader, trail, tokens, records, region: settings.region }),
  });
}
