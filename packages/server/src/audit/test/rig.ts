/** A trail in a temporary directory over the in-memory store, for the tests of this layer. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrailSigner } from "@strongroom/crypto";
import { silentLog } from "../../base/log.ts";
import type { Keyring } from "../../store/keyring.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import type { Store } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import { openTestRecords } from "../../store/test-keyring.ts";
import { TrailFiles } from "../files.ts";
import { Ledger } from "../ledger.ts";
import type { SeedOf } from "../segment-reader.ts";
import { NO_FACTS } from "../facts.ts";
import { Trail, type TrailParts, type TrailRecord } from "../trail.ts";
import { walkStream } from "../walk.ts";
import { verifyTrail, type VerifyInput, type VerifyResult } from "../verify.ts";

export class Rig {
  readonly directory: string;
  readonly store: Store;
  readonly keyring: Keyring;
  readonly records: Records;
  readonly files: TrailFiles;
  readonly ledger: Ledger;
  nowMs = 1_790_000_000_000;

  private constructor(directory: string, store: Store, keyring: Keyring, records: Records) {
    this.directory = directory;
    this.store = store;
    this.keyring = keyring;
    this.records = records;
    this.files = new TrailFiles(join(directory, "audit"));
    this.ledger = this.ledgerOver(records);
  }

  static async make(): Promise<Rig> {
    const directory = await mkdtemp(join(tmpdir(), "strongroom-audit-"));
    const store = new MemoryModel().open();
    const { keyring, records } = await openTestRecords(store);
    return new Rig(directory, store, keyring, records);
  }

  ledgerOver(records: Records): Ledger {
    const { term, key } = this.keyring.current("audit");
    return new Ledger(records, { signer: new TrailSigner(key), term, storeId: this.keyring.storeId });
  }

  readonly seedOf: SeedOf = (term) => this.keyring.byTerm("audit", term);

  trail(files = this.files, more: Partial<TrailParts> = {}): Trail {
    const { term, key } = this.keyring.current("audit");
    return new Trail({
      files,
      ledger: this.ledger,
      key: { term, seed: key, storeId: this.keyring.storeId },
      clock: { now: () => this.nowMs },
      log: silentLog,
      onFatal: (cause) => {
        throw cause;
      },
      ...more,
    });
  }

  verifyInput(more: Partial<VerifyInput> = {}): VerifyInput {
    return {
      files: this.files,
      ledger: this.ledger,
      seedOf: this.seedOf,
      publicKeyOf: (term) => {
        const seed = this.seedOf(term);
        return seed === undefined ? undefined : new TrailSigner(seed).publicKey;
      },
      ...more,
    };
  }

  verify(more: Partial<VerifyInput> = {}): Promise<VerifyResult> {
    return verifyTrail(this.verifyInput(more));
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function withRig(work: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await Rig.make();
  try {
    await work(rig);
  } finally {
    await rig.remove();
  }
}

/** The `n` of each record that stands, stream by stream. */
export async function seqsOf(rig: Rig): Promise<readonly number[]> {
  const seqs: number[] = [];
  for (const stream of await rig.files.streams()) {
    for await (const step of walkStream(rig.files, stream, rig.seedOf))
      if (step.kind === "record") seqs.push(Number(JSON.parse(Buffer.from(step.record.text).toString()).n));
  }
  return seqs;
}

export function recordOf(n: number, fields: Readonly<Record<string, unknown>> = {}): TrailRecord {
  const eventName = "GetObject";
  return {
    text: JSON.stringify({ eventName, n, ...fields }),
    timeMs: 1_790_000_000_000 + n,
    facts: { ...NO_FACTS, columns: { ...NO_FACTS.columns, event: eventName } },
  };
}

/** Writes `frames` frames of `records` records each and ends the stream. Returns its id. */
export async function writeStream(rig: Rig, frames: number, records: number): Promise<string> {
  const before = new Set(await rig.files.streams());
  const trail = rig.trail();
  for (let f = 0; f < frames; f++) {
    for (let r = 0; r < records; r++) trail.append(recordOf(f * records + r));
    await trail.flush();
  }
  await trail.close();
  const made = (await rig.files.streams()).find((id) => !before.has(id));
  if (made === undefined) throw new Error("no stream was made");
  return made;
}
