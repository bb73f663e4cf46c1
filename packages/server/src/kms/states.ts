/** Key states against operations (spec kms section 4), as the table that the spec prints. */
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";

export const KEY_STATES = [
  "Enabled",
  "Disabled",
  "PendingDeletion",
  "PendingImport",
  "Unavailable",
  "Creating",
  "Updating",
  "PendingReplicaDeletion",
] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** What an operation does on a key in one state: goes on, DisabledException, or KMSInvalidStateException. */
type Cell = "ok" | "disabled" | "invalid";
type StateRow = Readonly<Record<KeyState, Cell>>;

/** Columns: En Dis PendDel PendImp Unavail Creating Updating. PendingReplicaDeletion shares PendingDeletion's column. */
function row(...cells: readonly [Cell, Cell, Cell, Cell, Cell, Cell, Cell]): StateRow {
  const [Enabled, Disabled, PendingDeletion, PendingImport, Unavailable, Creating, Updating] = cells;
  return {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingImport,
    Unavailable,
    Creating,
    Updating,
    PendingReplicaDeletion: PendingDeletion,
  };
}

const O = "ok";
const D = "disabled";
const S = "invalid";

export const STATE_ROWS = {
  cryptography: row(O, D, S, S, S, S, O),
  grantCreation: row(O, D, S, S, O, S, O),
  anyState: row(O, O, O, O, O, O, O),
  /** CreateAlias, UpdateAlias' destination, tags, description. */
  notPendingDeletion: row(O, O, S, O, O, O, O),
  toggle: row(O, O, S, S, O, S, S),
  scheduleDeletion: row(O, O, S, O, O, O, S),
  cancelDeletion: row(S, S, O, S, S, S, S),
  rotationSetting: row(O, D, S, O, O, S, O),
  rotateOnDemand: row(O, D, S, S, O, S, S),
  importParameters: row(O, O, S, O, O, S, S),
  importMaterial: row(O, O, S, O, O, S, O),
  deleteMaterial: row(O, O, O, O, O, S, S),
} as const satisfies Record<string, StateRow>;
export type StateRule = keyof typeof STATE_ROWS;

const WORDS: Readonly<Record<KeyState, string>> = {
  Enabled: "enabled",
  Disabled: "disabled",
  PendingDeletion: "pending deletion",
  PendingImport: "pending import",
  Unavailable: "unavailable",
  Creating: "creating",
  Updating: "updating",
  PendingReplicaDeletion: "pending deletion",
};

/** Throws DisabledException or KMSInvalidStateException where the table says so. */
export function requireState(arn: KeyArn, state: KeyState, rule: StateRule): void {
  const cell: Cell = STATE_ROWS[rule][state];
  if (cell === "ok") return;
  if (cell === "disabled") fail("DisabledException", `${arn} is disabled.`);
  // The recorded text of the one rule that refuses everything but pending deletion has no full stop.
  if (rule === "cancelDeletion") fail("KMSInvalidStateException", `${arn} is not pending deletion`);
  fail("KMSInvalidStateException", `${arn} is ${WORDS[state]}.`);
}
