import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { paging } from "../members.ts";
import { onAccount } from "../needs.ts";
import { page } from "../show.ts";

/** There are none; Terraform asks before it deletes a user with `force_destroy`. */
export const ListVirtualMFADevices = operation({
  name: "ListVirtualMFADevices",
  input: { AssignmentStatus: is.oneOf(["Assigned", "Unassigned", "Any"]), ...paging },
  needs: () => onAccount("ListVirtualMFADevices"),
  handle: () => Promise.resolve(),
  respond: () => page("VirtualMFADevices", { items: [], marker: undefined }, () => ""),
});
