/**
 * The case table of the encryption contract (its section M), row by row, through the AWS SDK over TLS; what no SDK sends
 * goes over the wire as it is. Of 132 rows one is not here:
 *
 * - 129 (an object under retention or legal hold) comes with object lock, which this store does not have.
 *
 * Rows on rights (46, 47, 110 to 122, 130) act as root users of two accounts, under bucket and key policies: what a user's
 * own policies add to that is the matter of the access suites.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCKING } from "./encryption/blocking.ts";
import { BUCKETS } from "./encryption/buckets.ts";
import { COPIES } from "./encryption/copies.ts";
import { CUSTOMER_KEYS } from "./encryption/customer-keys.ts";
import { DEFAULTS } from "./encryption/defaults.ts";
import { KMS } from "./encryption/kms.ts";
import { POLICIES } from "./encryption/policies.ts";
import { Case, type Row } from "./encryption/row.ts";
import { UPDATES } from "./encryption/update.ts";
import { startWorld } from "./world.ts";

const NOT_HERE = [129];
const ROWS: readonly Row[] = [
  ...DEFAULTS,
  ...BUCKETS,
  ...KMS,
  ...CUSTOMER_KEYS,
  ...BLOCKING,
  ...COPIES,
  ...POLICIES,
  ...UPDATES,
];

const [world, blocking] = await Promise.all([startWorld(), startWorld(["--block-ssec-on-new-buckets"])]);
const [shared, blockingShared] = await Promise.all([world.bucket(), blocking.bucket()]);

test("every row of the table is here once, in order", () => {
  const all = Array.from({ length: 132 }, (_, i) => i + 1).filter((n) => !NOT_HERE.includes(n));
  assert.deepEqual(
    ROWS.map(({ n }) => n),
    all,
  );
});

for (const { n, name, blocking: blocks, run } of ROWS) {
  test(`${n}. ${name}`, () =>
    run(blocks === true ? new Case(blocking, blockingShared, `o${n}`) : new Case(world, shared, `o${n}`)));
}
