import { nobody } from "../../../iam/simulate.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { document } from "../members.ts";
import { onAccount } from "../needs.ts";
import { showSimulation, simulationMembers, simulationPage } from "../simulation.ts";

export const SimulateCustomPolicy = operation({
  name: "SimulateCustomPolicy",
  input: { PolicyInputList: is.required(is.list(document, 10)), ...simulationMembers },
  needs: () => onAccount("SimulateCustomPolicy"),
  handle: (input, call) => {
    const side = nobody(call.account, input.CallerArn);
    return simulationPage(call, "SimulateCustomPolicy", input, side, input.PolicyInputList);
  },
  respond: showSimulation,
});
