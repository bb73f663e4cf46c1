import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../base/errors.ts";
import { keyArn } from "../base/ids.ts";
import { type KeyOperation, OPERATIONS } from "./operations.ts";
import { KEY_STATES, type KeyState, requireState } from "./states.ts";

const ARN = keyArn("us-east-1", "111122223333", "1234abcd-12ab-34cd-56ef-1234567890ab");

/** Spec kms section 4, as printed: one line a row, columns En Dis PendDel PendImp Unavail Creating Updating. */
const TABLE = `
Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext Sign Verify GenerateMac VerifyMac GetPublicKey DeriveSharedSecret | OK D1 S S S S OK
DescribeKey GetKeyPolicy PutKeyPolicy ListKeyPolicies ListResourceTags DeleteAlias GetKeyRotationStatus UpdateAliasFrom ListGrants RevokeGrant ListKeyRotations GetKeyLastUsage | OK OK OK OK OK OK OK
CreateAlias UpdateAlias TagResource UntagResource UpdateKeyDescription | OK OK S OK OK OK OK
EnableKeyRotation DisableKeyRotation | OK D1 S OK OK S OK
RotateKeyOnDemand | OK D1 S S OK S S
GetParametersForImport | OK OK S OK OK S S
ImportKeyMaterial | OK OK S OK OK S OK
DeleteImportedKeyMaterial | OK OK OK OK OK S S
CreateGrant | OK D1 S S OK S OK
EnableKey DisableKey | OK OK S S OK S S
ScheduleKeyDeletion | OK OK S OK OK OK S
CancelKeyDeletion | N N OK N N N N
`;

const COLUMNS: readonly (readonly KeyState[])[] = [
  ["Enabled"],
  ["Disabled"],
  ["PendingDeletion", "PendingReplicaDeletion"],
  ["PendingImport"],
  ["Unavailable"],
  ["Creating"],
  ["Updating"],
];
const WORD: Record<KeyState, string> = {
  Enabled: "enabled",
  Disabled: "disabled",
  PendingDeletion: "pending deletion",
  PendingReplicaDeletion: "pending deletion",
  PendingImport: "pending import",
  Unavailable: "unavailable",
  Creating: "creating",
  Updating: "updating",
};

function outcome(operation: KeyOperation, state: KeyState): string {
  try {
    requireState(ARN, state, OPERATIONS[operation].states);
    return "OK";
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return `${error.code} ${error.message}`;
  }
}

const EXPECTED: Record<string, (state: KeyState) => string> = {
  OK: () => "OK",
  D1: () => `DisabledException ${ARN} is disabled.`,
  S: (state) => `KMSInvalidStateException ${ARN} is ${WORD[state]}.`,
  N: () => `KMSInvalidStateException ${ARN} is not pending deletion`,
};

const rows = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [names = "", cells = ""] = line.split(" | ");
    return { names: names.split(" "), cells: cells.split(" ") };
  });

for (const { names, cells } of rows) {
  for (const name of names) {
    test(`state table: ${name}`, () => {
      const operation = Object.keys(OPERATIONS).find((o): o is KeyOperation => o === name);
      assert.ok(operation !== undefined);
      COLUMNS.forEach((states, i) => {
        for (const state of states)
          assert.equal(outcome(operation, state), EXPECTED[cells[i] ?? ""]?.(state), `${name} in ${state}`);
      });
    });
  }
}

test("the table covers every operation and every state", () => {
  assert.deepEqual(rows.flatMap((r) => r.names).toSorted(), Object.keys(OPERATIONS).toSorted());
  assert.deepEqual(COLUMNS.flat().toSorted(), [...KEY_STATES].toSorted());
});
