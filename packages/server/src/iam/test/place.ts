/** Identities on a data directory, as each of several processes opens them. */
import { SecretKey } from "@strongroom/crypto";
import { type AccountId, parseAccountId } from "../../base/ids.ts";
import { systemClock } from "../../base/clock.ts";
import { CountedRecords } from "../../store/counted.ts";
import { openHomeAt } from "../../store/local/test-home.ts";
import { openTestRecords } from "../../store/test-keyring.ts";
import { Identities } from "../identities.ts";

export const ACCOUNT: AccountId = parseAccountId("111122223333");
const ROOT = { generation: 1, key: SecretKey.fromBytes("root", new Uint8Array(32).fill(7)) };

export interface Place {
  readonly identities: Identities;
  close(): Promise<void>;
}
export async function openPlace(directory: string): Promise<Place> {
  const store = await openHomeAt(directory);
  const { records } = await openTestRecords(store, ROOT);
  const identities = new Identities(records, new CountedRecords(records), systemClock);
  return { identities, close: () => store.close() };
}
