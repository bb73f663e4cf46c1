/** IAM on the wire: AWS Query protocol, version 2010-05-08 (spec access 3.1). */
import { type QueryApi, QueryService, type QueryServiceDeps } from "../query/service.ts";
import { iamCall, type IamCall, type IamDeps } from "./call.ts";
import { IAM_OPERATIONS } from "./index.ts";
import { IAM_UNSUPPORTED } from "./unsupported.ts";

export function iamService(deps: QueryServiceDeps & IamDeps): QueryService<IamCall> {
  const api: QueryApi<IamCall> = {
    protocol: {
      name: "iam",
      version: "2010-05-08",
      namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    },
    operations: IAM_OPERATIONS,
    unsupported: IAM_UNSUPPORTED,
    call: (caller) => iamCall(deps, caller),
  };
  return new QueryService(deps, api);
}
