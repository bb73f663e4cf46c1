/** IAM and STS on the wire. */
import { QueryAudit } from "../../api/audit/query.ts";
import type { Service } from "../../api/common/serve.ts";
import { iamService } from "../../api/iam/service.ts";
import { stsService } from "../../api/sts/service.ts";
import { OidcIssuers } from "../../iam/web-identity.ts";
import type { Engine } from "../engine.ts";
import type { Auth } from "./index.ts";

const auditOf = ({ audit: { recorder } }: Engine) =>
  recorder === undefined ? {} : { audit: new QueryAudit(recorder) };

export function openIam(engine: Engine, auth: Auth): Service {
  const { identities, authoriser, surroundings, tokens } = engine;
  const { directory } = identities;
  return iamService({ auth, authoriser, ...auditOf(engine), directory, tokens, surroundings });
}

export function openSts(engine: Engine, auth: Auth): Service {
  const { identities, authoriser, surroundings, clock, settings } = engine;
  const { directory, sessions } = identities;
  if (sessions === undefined) throw new Error("INVARIANT: the engine's identities have token keys");
  const issuers = new OidcIssuers(settings.oidcIssuers, clock);
  const sts = { directory, sessions, ...surroundings };
  return stsService({ auth, authoriser, ...auditOf(engine), sts, issuers });
}
