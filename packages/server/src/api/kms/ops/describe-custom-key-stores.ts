import { requirePlainAccess } from "../../../kms/authorise.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";
import { paging } from "../members.ts";

/** There are none, and that is a full answer: consoles ask. */
export const DescribeCustomKeyStores = operation({
  name: "DescribeCustomKeyStores",
  input: {
    CustomKeyStoreId: is.text({ min: 1, max: 64 }),
    CustomKeyStoreName: is.text({ min: 1, max: 256 }),
    ...paging,
  },
  handle: (_, { kms, requester }) => requirePlainAccess(kms, requester, "kms:DescribeCustomKeyStores"),
  respond: () => ({ CustomKeyStores: [], Truncated: false }),
});
