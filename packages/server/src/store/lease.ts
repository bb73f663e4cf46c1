/**
 * Leases: who may do a background job. The row's revision is the fence: every commit of the job expects it, so a holder
 * that slept past its time can change nothing once another has taken over.
 */
import { assert } from "../base/errors.ts";
import { newRev, type Rev } from "../base/ids.ts";
import { LEASE_MS_MAX } from "../base/limits.ts";
import type { Codec } from "./codec.ts";
import { equalBytes } from "./key-order.ts";
import { BodyReader, concat, u64 } from "./key-bytes.ts";
import type { Expect } from "./port.ts";
import type { Entry, Records } from "./records.ts";
import { commitSettled } from "./retry.ts";

interface LeaseRow {
  readonly holder: Uint8Array;
  /** How often the lease has changed hands. */
  readonly fence: number;
  readonly untilMs: number;
}

const codec: Codec<LeaseRow> = {
  version: 1,
  encode: ({ holder, fence, untilMs }) => concat(Uint8Array.of(1), holder, u64(fence), u64(untilMs)),
  decode: (body) => {
    const reader = new BodyReader(body, "a lease");
    reader.version(1);
    const row = { holder: reader.take(16), fence: reader.u64(), untilMs: reader.u64() };
    reader.end();
    return row;
  },
};

/** 16 random bytes for each process (or job). */
export const newHolder = (): Uint8Array => newRev();

export class Lease {
  readonly fence: number;
  readonly untilMs: number;
  readonly #key: Uint8Array;
  readonly #rev: Rev;

  constructor(key: Uint8Array, rev: Rev, row: LeaseRow) {
    this.#key = key;
    this.#rev = rev;
    this.fence = row.fence;
    this.untilMs = row.untilMs;
  }

  /** Stands in every commit of the job. */
  get expect(): Expect {
    return { table: "lease", key: this.#key, rev: this.#rev };
  }
}

/**
 * The clock has gone back since it was taken. A holder that lives renews it as ever; one that died must not keep others
 * waiting for as long as the clock jumped.
 */
async function shorten(
  records: Records,
  { table, key, rev, value }: Entry<LeaseRow>,
  untilMs: number,
): Promise<void> {
  await commitSettled(records.store, {
    expect: [{ table, key, rev }],
    put: [records.seal(codec, table, key, { ...value, untilMs })],
  });
}

/** Takes or renews the lease; undefined while another holds it. A renewed lease has a new fence condition. */
export async function acquireLease(
  records: Records,
  name: string,
  holder: Uint8Array,
  durationMs: number,
): Promise<Lease | undefined> {
  assert(durationMs <= LEASE_MS_MAX, "no lease is longer than that");
  const key = new TextEncoder().encode(name);
  const present = await records.get(codec, "lease", key);
  const nowMs = await records.store.now();
  const mine = present !== undefined && equalBytes(present.value.holder, holder);
  if (present !== undefined && !mine && present.value.untilMs > nowMs) {
    if (present.value.untilMs > nowMs + LEASE_MS_MAX) await shorten(records, present, nowMs + durationMs);
    return undefined;
  }
  const row = {
    holder,
    fence: (present?.value.fence ?? 0) + (mine ? 0 : 1),
    untilMs: nowMs + durationMs,
  };
  const settled = await commitSettled(records.store, {
    expect: [{ table: "lease", key, rev: present?.rev ?? "absent" }],
    put: [records.seal(codec, "lease", key, row)],
  });
  return settled.kind === "ok" ? new Lease(key, settled.rev, row) : undefined;
}

/** Gives the lease up early, so that the next holder need not wait. A lost one stays lost. */
export async function releaseLease(records: Records, lease: Lease): Promise<void> {
  const { table, key } = lease.expect;
  const row = { holder: new Uint8Array(16), fence: lease.fence, untilMs: 0 };
  await commitSettled(records.store, { expect: [lease.expect], put: [records.seal(codec, table, key, row)] });
}
