/** STS on the wire: AWS Query protocol, version 2011-06-15 (spec access 3.1). */
import { type QueryApi, QueryService, type QueryServiceDeps } from "../query/service.ts";
import { stsCall, type StsCall, type StsDeps } from "./call.ts";
import { STS_OPERATIONS, STS_UNSUPPORTED } from "./index.ts";

export function stsService(deps: QueryServiceDeps & StsDeps): QueryService<StsCall> {
  const api: QueryApi<StsCall> = {
    protocol: {
      name: "sts",
      version: "2011-06-15",
      namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    },
    operations: STS_OPERATIONS,
    unsupported: STS_UNSUPPORTED,
    call: (caller, operation) => stsCall(deps, caller, operation),
  };
  return new QueryService(deps, api);
}
