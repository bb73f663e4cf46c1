/**
 * `rewrap --remove-old-terms`, with the server stopped: terms of the store's own keys that seal nothing any more are
 * destroyed. Looked at once more right before; what still uses a term keeps it, and is named.
 */
import { KEYRING_SETTLE_MS, SESSION_SECONDS_MAX } from "../../base/limits.ts";
import { materialsUnderOtherTerms } from "../../kms/verify.ts";
import { epochsUnderOtherTerms } from "../../objects/rewrap.ts";
import { type KeyringPurpose, removeTerm } from "../../store/keyring.ts";
import { findSealedBefore, resealLeases } from "../../store/reseal.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import type { Work } from "./rewrap.ts";

/** Clients hold tokens of sessions, and of lists that they are in the midst of; the old term sealed a moment longer. */
const TOKEN_AGE_MS = SESSION_SECONDS_MAX * 1000 + KEYRING_SETTLE_MS;

export async function removeOldTerms({ engine, counts, lease }: Work): Promise<void> {
  requireNewestSeals(engine);
  const users: Readonly<Record<string, () => Promise<string | undefined>>> = {
    metadata: async () => {
      await resealLeases(engine.records);
      await lease.renew();
      const table = await findSealedBefore(engine.records, newest("metadata"));
      return table === undefined ? undefined : `rows of table ${table}`;
    },
    service: async () =>
      some(await epochsUnderOtherTerms(engine.objects.core, newest("service")), "epoch keys"),
    domain: async () => some(await materialsUnderOtherTerms(engine.kms, newest("domain")), "key materials"),
    token: async () => {
      const { createdMs } = engine.keyrings.current().current("token");
      return Date.now() - createdMs < TOKEN_AGE_MS
        ? "sessions, and lists that clients may be in the midst of,"
        : undefined;
    },
  };
  function newest(purpose: KeyringPurpose): number {
    return engine.keyrings.current().current(purpose).term;
  }
  for (const purpose of ["metadata", "service", "domain", "token"] as const) {
    const old = engine.keyrings.current().terms(purpose).slice(0, -1);
    if (old.length === 0) continue;
    const user = await users[purpose]?.();
    if (user !== undefined) {
      counts.kept.push(`old terms of the ${purpose} key stay: ${user} still need them.`);
      continue;
    }
    for (const { term } of old) {
      lease.requireHeld();
      const { keyrings, store } = engine;
      keyrings.use(await removeTerm(store, keyrings.current(), keyrings.roots(), purpose, term));
      counts.removedTerms++;
    }
  }
}

/** What is sealed from now on must not need a term that goes. */
function requireNewestSeals({ records, keyrings }: Engine): void {
  const { term, createdMs } = keyrings.current().current("metadata");
  if (records.currentTerm === term) return;
  throw new UsageError(
    `rewrap --remove-old-terms: records are sealed under term ${records.currentTerm} of the metadata key, not under the newest, ${term}, made ${new Date(createdMs).toISOString()}. Set the clock right, then run it again.`,
  );
}

const some = (count: number, what: string): string | undefined =>
  count === 0 ? undefined : `${count} ${what}`;
