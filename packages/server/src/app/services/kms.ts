/** The key service on the wire. */
import { KmsAudit } from "../../api/audit/kms.ts";
import type { Service } from "../../api/common/serve.ts";
import { KmsService } from "../../api/kms/service.ts";
import type { Log } from "../../base/log.ts";
import type { Engine } from "../engine.ts";
import type { Auth } from "./index.ts";

export function openKmsService(engine: Engine, auth: Auth, log: Log): Service {
  const { recorder } = engine.audit;
  return new KmsService({
    auth,
    kms: engine.kms,
    log,
    origins: new Set(engine.settings.kmsOrigins),
    ...(recorder === undefined ? {} : { audit: new KmsAudit(recorder) }),
  });
}
