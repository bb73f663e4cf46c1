/**
 * The keyring: every term key of the store, sealed under the root key (sealed format, sections 1 and 8). One row for each
 * purpose in table `keyring` holds all of its terms, so that a change of the root key is one small commit. A keyring is
 * made once, in a store that holds nothing; if anything is there, a missing or wrong root key refuses to start.
 */
import {
  CryptoError,
  keyRecordId,
  keyRecordTerm,
  openKeyRecord,
  sealKeyRecord,
  SecretKey,
} from "@strongroom/crypto";
import { IntegrityError } from "../base/errors.ts";
import { newRev, type Rev } from "../base/ids.ts";
import { KEYRING_SETTLE_MS, KEYRING_TERMS_MAX } from "../base/limits.ts";
import { BodyReader, concat, u32, u64 } from "./key-bytes.ts";
import { equalBytes } from "./key-order.ts";
import { type Expect, type Put, type Row, type RowKey, type Sealed, type Store, TABLES } from "./port.ts";

/** In this order everywhere; `audit` is the seed of the audit signing key. */
export const KEYRING_PURPOSES = ["metadata", "service", "domain", "token", "audit"] as const;
export type KeyringPurpose = (typeof KEYRING_PURPOSES)[number];

/** A root key as its provider gives it. During a change there are two generations, and start tries both. */
export interface RootKey {
  readonly generation: number;
  readonly key: SecretKey<"root">;
}

export interface Term<P extends KeyringPurpose = KeyringPurpose> {
  readonly term: number;
  readonly key: SecretKey<P>;
  readonly createdMs: number;
}
type Terms = { readonly [P in KeyringPurpose]: readonly Term<P>[] };

/** Why the keyring can't be opened, and what to do about it. Ends the start; no client sees it. */
export class KeyringError extends Error {
  readonly reason: "root-key-missing" | "root-key-wrong" | "keyring-missing" | "keyring-damaged";
  readonly cure: string;
  constructor(reason: KeyringError["reason"], what: string, cure: string, cause?: unknown) {
    super(`${what} ${cure}`, cause === undefined ? {} : { cause });
    this.name = "KeyringError";
    this.reason = reason;
    this.cure = cure;
  }
}

const BODY_VERSION = 1;
const STORE_ROW: RowKey = { table: "system", key: new TextEncoder().encode("store") };
const rowKey = (purpose: KeyringPurpose): RowKey => ({
  table: "keyring",
  key: new TextEncoder().encode(purpose),
});
const ROWS: readonly RowKey[] = [STORE_ROW, ...KEYRING_PURPOSES.map(rowKey)];

/** What was in the store at one time. A new term or root key makes a new one. */
export class Keyring {
  readonly storeId: Uint8Array;
  readonly rootGeneration: number;
  readonly #terms: Terms;
  /** The revisions of the keyring rows, in the order of KEYRING_PURPOSES. */
  readonly revs: readonly Rev[];

  constructor(storeId: Uint8Array, rootGeneration: number, terms: Terms, revs: readonly Rev[]) {
    this.storeId = storeId;
    this.rootGeneration = rootGeneration;
    this.#terms = terms;
    this.revs = revs;
  }

  /** All terms, oldest first. */
  terms<P extends KeyringPurpose>(purpose: P): Terms[P] {
    return this.#terms[purpose];
  }

  /** The newest term: what is sealed now. */
  current<P extends KeyringPurpose>(purpose: P): Terms[P][number] {
    const newest = this.#terms[purpose].at(-1);
    if (newest === undefined) throw new IntegrityError(`the keyring has no ${purpose} key`);
    return newest;
  }

  /** The key of a term, or undefined: added by another process since (load again), or destroyed. */
  byTerm<P extends KeyringPurpose>(purpose: P, term: number): Terms[P][number]["key"] | undefined {
    return this.#terms[purpose].find((t) => t.term === term)?.key;
  }
}

/** Opens the keyring, or makes it in a store that is empty. Throws KeyringError. */
export async function openKeyring(store: Store, roots: readonly RootKey[]): Promise<Keyring> {
  const present = await loadKeyring(store, roots);
  if (present !== undefined) return present;
  await assertEmpty(store);
  const root = newestRoot(roots);
  const storeId = newRev();
  const createdMs = await store.now();
  const id = newRev();
  const result = await store.commit({
    id,
    expect: ROWS.map((row) => ({ ...row, rev: "absent" as const })),
    put: [
      { ...STORE_ROW, value: bare(concat(Uint8Array.of(BODY_VERSION), storeId, u64(createdMs))) },
      ...KEYRING_PURPOSES.map((purpose) => {
        const first = { term: 1, key: SecretKey.generate(purpose), createdMs };
        return putTerms(purpose, [first], storeId, root);
      }),
    ],
  });
  // On a conflict another process was first, and an unknown outcome shows itself: what is there now is the keyring.
  const made = await loadKeyring(store, roots);
  if (made === undefined)
    throw new Error(`the keyring could not be made: the commit ended as ${result.kind}`);
  return made;
}

/** The keyring as it is in the store; undefined if it has none. Throws KeyringError. */
export async function loadKeyring(store: Store, roots: readonly RootKey[]): Promise<Keyring | undefined> {
  const [storeRow, ...rows] = await store.get(ROWS);
  if (storeRow === undefined && rows.every((row) => row === undefined)) return undefined;
  if (storeRow === undefined || rows.some((row) => row === undefined)) {
    throw new KeyringError(
      "keyring-missing",
      "A part of the keyring is missing.",
      "Restore the data directory from a backup; without its keyring no object opens.",
    );
  }
  if (roots.length === 0) {
    throw new KeyringError(
      "root-key-missing",
      "The store holds sealed data, but there is no root key.",
      "Bring back the root key file (or passphrase) that this store was made with, or name it with --root-key. A new one would open nothing.",
    );
  }
  const storeId = undamaged(() => {
    const reader = new BodyReader(storeRow.value, "the store row");
    reader.version(BODY_VERSION);
    return reader.take(16);
  });
  const opened = rows.map((row, i) => openTerms(KEYRING_PURPOSES[i] ?? "metadata", row, storeId, roots));
  const [metadata, service, domain, token, audit] = opened;
  return new Keyring(
    storeId,
    Math.max(...opened.map(({ generation }) => generation)),
    {
      metadata: ofPurpose("metadata", metadata?.terms),
      service: ofPurpose("service", service?.terms),
      domain: ofPurpose("domain", domain?.terms),
      token: ofPurpose("token", token?.terms),
      audit: ofPurpose("audit", audit?.terms),
    },
    rows.flatMap((row) => (row === undefined ? [] : [row.rev])),
  );
}

/** Whether another process has changed the keyring since: one get, and no key is touched. */
export async function keyringChanged(store: Store, keyring: Keyring): Promise<boolean> {
  const rows = await store.get(KEYRING_PURPOSES.map(rowKey));
  return rows.some((row, i) => {
    const known = keyring.revs[i];
    return row === undefined || known === undefined || !equalBytes(row.rev, known);
  });
}

/**
 * The term to seal under: the newest that every process has had the time to hear of, so that none meets a row whose term
 * it does not know. `settleMs: 0` where no other process runs, or all have had that time: the newest, whatever the clock
 * says now and said when it was made.
 */
export function sealingTerm<P extends KeyringPurpose>(
  keyring: Keyring,
  purpose: P,
  nowMs: number,
  settleMs: number = KEYRING_SETTLE_MS,
): Terms[P][number] {
  if (settleMs === 0) return keyring.current(purpose);
  const terms: readonly Term<P>[] = keyring.terms(purpose);
  const settled = terms.findLast(({ createdMs }) => createdMs + settleMs <= nowMs);
  return settled ?? terms[0] ?? keyring.current(purpose);
}

/** Adds a term to a purpose and returns the keyring as it is then, also if another process was first. */
export async function addTerm(
  store: Store,
  keyring: Keyring,
  roots: readonly RootKey[],
  purpose: KeyringPurpose,
): Promise<Keyring> {
  const terms = keyring.terms(purpose);
  if (terms.length >= KEYRING_TERMS_MAX) throw new Error(`the keyring holds ${terms.length} ${purpose} keys`);
  const next: Term = {
    term: keyring.current(purpose).term + 1,
    key: SecretKey.generate(purpose),
    createdMs: await store.now(),
  };
  return replaceTerms(store, keyring, roots, purpose, [...terms, next]);
}

/** Destroys a term that seals nothing any more (the caller has resealed). The current term can't be removed. */
export async function removeTerm(
  store: Store,
  keyring: Keyring,
  roots: readonly RootKey[],
  purpose: KeyringPurpose,
  term: number,
): Promise<Keyring> {
  if (keyring.current(purpose).term === term) throw new Error("INVARIANT: the current term stays");
  const left = keyring.terms(purpose).filter((t) => t.term !== term);
  return replaceTerms(store, keyring, roots, purpose, left);
}

export interface RotationPolicy {
  readonly ageMaxMs: number;
  readonly usesMax: number;
}

/** Whether a purpose wants a new term: by the newest one's age, or by what its users have counted. */
export function rotationDue(
  keyring: Keyring,
  purpose: KeyringPurpose,
  policy: RotationPolicy,
  nowMs: number,
  uses: number,
): boolean {
  return uses >= policy.usesMax || nowMs - keyring.current(purpose).createdMs >= policy.ageMaxMs;
}

/**
 * Root-key change: all keyring rows under the new root in one commit that expects them as they were. The provider has
 * stored and synced the new root key beside the old before, and removes the old one afterwards; a crash between leaves
 * two roots of which one opens. Idempotent.
 */
export async function resealKeyring(
  store: Store,
  roots: readonly RootKey[],
  next: RootKey,
): Promise<Keyring> {
  const keyring = await loadKeyring(store, [...roots, next]);
  if (keyring === undefined) throw new Error("INVARIANT: a root-key change needs a keyring");
  if (keyring.rootGeneration === next.generation) return keyring;
  if (next.generation < keyring.rootGeneration) throw new Error("INVARIANT: root generations only rise");
  await store.commit({
    id: newRev(),
    expect: KEYRING_PURPOSES.map((purpose, i) => expectRow(purpose, keyring.revs[i])),
    put: KEYRING_PURPOSES.map((purpose) => putTerms(purpose, keyring.terms(purpose), keyring.storeId, next)),
  });
  const resealed = await loadKeyring(store, [...roots, next]);
  if (resealed?.rootGeneration !== next.generation) {
    throw new Error("the keyring changed meanwhile; nothing was resealed, try again");
  }
  return resealed;
}

async function replaceTerms(
  store: Store,
  keyring: Keyring,
  roots: readonly RootKey[],
  purpose: KeyringPurpose,
  terms: readonly Term[],
): Promise<Keyring> {
  const root = roots.find(({ generation }) => generation === keyring.rootGeneration);
  if (root === undefined) throw new Error("INVARIANT: the root key that opened the keyring is there");
  const rev = keyring.revs[KEYRING_PURPOSES.indexOf(purpose)];
  await store.commit({
    id: newRev(),
    expect: [expectRow(purpose, rev)],
    put: [putTerms(purpose, terms, keyring.storeId, root)],
  });
  const now = await loadKeyring(store, roots);
  if (now === undefined) throw new IntegrityError("the keyring is gone");
  return now;
}

function expectRow(purpose: KeyringPurpose, rev: Rev | undefined): Expect {
  return { ...rowKey(purpose), rev: rev ?? "absent" };
}

/**
 * A row: version(1) || for each term: term(4) || createdMs(8) || length(2) || key record. Term and time are part of the
 * record's id, so none can be changed or moved.
 */
function putTerms(purpose: KeyringPurpose, terms: readonly Term[], storeId: Uint8Array, root: RootKey): Put {
  const parts: Uint8Array[] = [Uint8Array.of(BODY_VERSION)];
  for (const term of terms) {
    const place = placeOf(purpose, term.term, term.createdMs, storeId, root);
    const record = sealKeyRecord(place, term.key);
    // Pitfall 12: what was just wrapped must open, or the key would be lost with everything under it.
    using again = openKeyRecord(place, record, purpose);
    if (!again.equals(term.key)) throw new IntegrityError(`a ${purpose} key doesn't open after sealing`);
    parts.push(u32(term.term), u64(term.createdMs), u32(record.length), record);
  }
  return { ...rowKey(purpose), value: bare(concat(...parts)) };
}

function placeOf(
  purpose: KeyringPurpose,
  term: number,
  createdMs: number,
  storeId: Uint8Array,
  root: RootKey,
) {
  return {
    kind: "keyring" as const,
    storeId,
    id: keyRecordId(purpose, u32(term), u64(createdMs)),
    term: root.generation,
    termKey: root.key,
  };
}

function openTerms<P extends KeyringPurpose>(
  purpose: P,
  row: Row | undefined,
  storeId: Uint8Array,
  roots: readonly RootKey[],
): { readonly terms: Term[]; readonly generation: number } {
  const terms: Term[] = [];
  let generation = 0;
  for (const { term, createdMs, record } of undamaged(() => storedTerms(purpose, row))) {
    generation = undamaged(() => keyRecordTerm(record));
    const root = roots.find((r) => r.generation === generation);
    if (root === undefined) throw wrongRoot(`It was sealed by root key generation ${generation}.`);
    try {
      const place = placeOf(purpose, term, createdMs, storeId, root);
      terms.push({ term, createdMs, key: openKeyRecord(place, record, purpose, `${purpose}/${term}`) });
    } catch (error) {
      if (error instanceof CryptoError) throw wrongRoot("", error);
      throw error;
    }
  }
  return { terms, generation };
}

interface StoredTerm {
  readonly term: number;
  readonly createdMs: number;
  readonly record: Uint8Array;
}

/** Each record says itself what it is, but not that it is the newest: one before another is that only in this order. */
function storedTerms(purpose: KeyringPurpose, row: Row | undefined): readonly StoredTerm[] {
  const value = row?.value ?? new Uint8Array();
  const found: StoredTerm[] = [];
  const reader = new BodyReader(value, `the keyring's ${purpose} row`);
  reader.version(BODY_VERSION);
  for (let left = value.length - 1; left > 0; ) {
    const term = reader.u32();
    const createdMs = reader.u64();
    const record = reader.take(reader.u32());
    left -= 16 + record.length;
    if (term <= (found.at(-1)?.term ?? 0))
      throw new IntegrityError(`the keyring's ${purpose} row is not in order`);
    found.push({ term, createdMs, record });
  }
  if (found.length === 0) throw new IntegrityError(`the keyring's ${purpose} row holds no key`);
  return found;
}

/** What can't be read is no question of the root key. */
function undamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof IntegrityError || cause instanceof CryptoError)) throw cause;
    throw new KeyringError(
      "keyring-damaged",
      `A part of the keyring is damaged: ${cause.message}.`,
      "Restore the data directory from a backup; without its keyring no object opens.",
      cause,
    );
  }
}

function wrongRoot(detail: string, cause?: unknown): KeyringError {
  return new KeyringError(
    "root-key-wrong",
    `The root key doesn't open this store's keyring. ${detail}`.trim(),
    "Give the root key that this store was made with (or last changed to). A new one would open nothing.",
    cause,
  );
}

function ofPurpose<P extends KeyringPurpose>(purpose: P, terms: readonly Term[] | undefined): Term<P>[] {
  const isOf = (term: Term): term is Term<P> => term.key.purpose === purpose;
  return (terms ?? []).filter(isOf);
}

function newestRoot(roots: readonly RootKey[]): RootKey {
  const newest = roots.toSorted((a, b) => a.generation - b.generation).at(-1);
  if (newest === undefined) {
    throw new KeyringError(
      "root-key-missing",
      "There is no root key.",
      "Name a root key provider; the file provider makes a key on the first start.",
    );
  }
  return newest;
}

/** A store without a keyring may get one only if nothing in it could have been sealed by another. */
async function assertEmpty(store: Store): Promise<void> {
  for (const table of TABLES) {
    const { rows } = await store.scan({ table, from: new Uint8Array(), limit: 1, keysOnly: true });
    if (rows.length > 0) throw keyringMissing(`table ${table}`);
  }
  if ((await store.blobs.list(undefined, 1)).length > 0) throw keyringMissing("a blob");
}

function keyringMissing(where: string): KeyringError {
  return new KeyringError(
    "keyring-missing",
    `The store holds sealed data (${where}), but no keyring.`,
    "Restore the data directory from a backup, or start on an empty one.",
  );
}

/** Keyring rows are not sealed records: each holds key records, and the store row only the store's public id. */
const bare = (bytes: Uint8Array): Sealed => bytes as Sealed;
