import { sideOfArn } from "../../../iam/simulate.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { arn, document } from "../members.ts";
import { showSimulation, simulationMembers, simulationPage } from "../simulation.ts";

export const SimulatePrincipalPolicy = operation({
  name: "SimulatePrincipalPolicy",
  input: { PolicySourceArn: is.required(arn), PolicyInputList: is.list(document, 10), ...simulationMembers },
  needs: (input) => [{ action: "iam:SimulatePrincipalPolicy", resource: input.PolicySourceArn }],
  handle: async (input, call) => {
    const side = await sideOfArn(call.directory, call.account, input.PolicySourceArn);
    const name = `SimulatePrincipalPolicy/${input.PolicySourceArn}`;
    return simulationPage(call, name, input, side, input.PolicyInputList ?? []);
  },
  respond: showSimulation,
});
