/** A list of counted records that is put back as a whole, record, page and head: the trail's checkpoints tell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TrailSigner } from "@strongroom/crypto";
import { newRev } from "../base/ids.ts";
import { msgpackCodec } from "../store/codec.ts";
import { CountedRecords } from "../store/counted.ts";
import { ListChanges } from "../store/list-changes.ts";
import { listKey } from "../store/list-page.ts";
import type { Row, RowKey } from "../store/port.ts";
import { commitSettled } from "../store/retry.ts";
import { parseCheckpoint, printCheckpoint } from "./checkpoint.ts";
import { Ledger } from "./ledger.ts";
import { recordOf, Rig } from "./test/rig.ts";
import type { Trail } from "./trail.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const codec = msgpackCodec(1, String);
const row = { table: "identity", key: bytes("k") } as const;

class Lists {
  readonly rig: Rig;
  readonly counted: CountedRecords;
  readonly trail: Trail;
  readonly ledger: Ledger;
  #n = 0;

  constructor(rig: Rig) {
    this.rig = rig;
    this.counted = new CountedRecords(rig.records);
    const changes = new ListChanges(rig.records);
    rig.records.listWatcher = changes;
    const { term, key } = rig.keyring.current("audit");
    const signing = { signer: new TrailSigner(key), term, storeId: rig.keyring.storeId };
    this.ledger = new Ledger(rig.records, signing, changes);
    this.trail = rig.trail(rig.files, { ledger: this.ledger });
  }

  /** A change of a list and its record in the trail; `lost` draws it up and does not commit it. */
  async change(parent: string, value: string, lost = false): Promise<void> {
    const place = { ...row, key: bytes(`${parent}/k`) };
    const draft = await this.counted.draft(bytes(parent), [this.counted.put(codec, place, value)]);
    if (!lost) assert.equal((await commitSettled(this.rig.store, draft)).kind, "ok");
    this.trail.append(recordOf(this.#n++));
  }

  /** Every row of a list, as somebody with the disk in hand can copy it. */
  async copy(parent: string): Promise<readonly [RowKey, Row | undefined][]> {
    const places: RowKey[] = [
      { ...row, key: bytes(`${parent}/k`) },
      { table: "list", key: listKey(bytes(parent), 0) },
      { table: "list", key: listKey(bytes(parent), 1) },
    ];
    const rows = await this.rig.store.get(places);
    return places.map((place, i) => [place, rows[i]]);
  }
  async putBack(copy: readonly [RowKey, Row | undefined][]): Promise<void> {
    for (const [place, old] of copy)
      await this.rig.store.commit({
        id: newRev(),
        ...(old === undefined ? { delete: [place] } : { put: [{ ...place, value: old.value }] }),
      });
  }

  async problems(): Promise<readonly string[]> {
    const presentCounter = (parent: Uint8Array) => this.counted.counter(parent);
    const { problems } = await this.rig.verify({ presentCounter });
    return problems.map(({ kind, seq, detail }) => `${kind} ${seq}: ${detail}`);
  }
}

async function withLists(t: { after(done: () => Promise<void>): void }): Promise<Lists> {
  const rig = await Rig.make();
  t.after(() => rig.remove());
  return new Lists(rig);
}

test("a list put back whole fits itself, and not the checkpoints", async (t) => {
  const lists = await withLists(t);
  await lists.change("a", "old");
  await lists.change("b", "old");
  await lists.trail.checkpoint();
  const old = await lists.copy("a");
  await lists.change("a", "new");
  await lists.trail.checkpoint();
  assert.deepEqual(await lists.problems(), []);
  await lists.putBack(old);
  const place = { ...row, key: bytes("a/k") };
  assert.equal((await lists.counted.get(codec, bytes("a"), place))?.value, "old");
  assert.deepEqual(await lists.problems(), [
    "replayed 2: the list a is older than this checkpoint: 1 where it had 2",
  ]);
  // Or taken away altogether.
  await lists.putBack(old.map(([at]) => [at, undefined]));
  assert.deepEqual(await lists.problems(), [
    "replayed 2: the list a is older than this checkpoint: 0 where it had 2",
  ]);
  await lists.trail.close();
});

test("changes since the checkpoint are no finding, and nothing changed says nothing", async (t) => {
  const lists = await withLists(t);
  await lists.change("a", "1");
  await lists.trail.checkpoint();
  await lists.change("a", "2");
  assert.deepEqual(await lists.problems(), []);
  await lists.trail.checkpoint();
  lists.trail.append(recordOf(99));
  await lists.trail.checkpoint();
  const signed = await Promise.all([0, 1, 2, 3].map((n) => lists.ledger.checkpoint(n)));
  assert.deepEqual(
    signed.map((c) => c?.statement.lists !== undefined),
    [true, false, true, false],
  );
  for (const checkpoint of signed) {
    assert.ok(checkpoint !== undefined);
    assert.deepEqual(parseCheckpoint(printCheckpoint(checkpoint)), checkpoint);
  }
  await lists.trail.close();
});

test("a draft that was lost holds up nothing; one in flight is taken along later", async (t) => {
  const lists = await withLists(t);
  await lists.change("a", "1");
  await lists.change("a", "never", true);
  for (let i = 0; i < 4; i++) {
    await lists.trail.checkpoint();
    lists.trail.append(recordOf(i));
  }
  const heldAt = async (n: number) => (await lists.ledger.checkpoint(n))?.statement.lists !== undefined;
  assert.deepEqual(await Promise.all([0, 1, 2, 3].map(heldAt)), [true, true, true, false]);
  assert.deepEqual(await lists.problems(), []);
  const place = { ...row, key: bytes("b/k") };
  const draft = await lists.counted.draft(bytes("b"), [lists.counted.put(codec, place, "late")]);
  await lists.trail.checkpoint();
  await commitSettled(lists.rig.store, draft);
  lists.trail.append(recordOf(9));
  await lists.trail.checkpoint();
  const old = await lists.copy("b");
  await lists.putBack(old.map(([at]) => [at, undefined]));
  assert.equal((await lists.problems()).length, 1);
  await lists.trail.close();
});

test("counters beside a checkpoint that are not what it signed are damage", async (t) => {
  const lists = await withLists(t);
  await lists.change("a", "1");
  await lists.trail.checkpoint();
  await lists.change("a", "2");
  await lists.trail.checkpoint();
  const key = (n: number) => ({ table: "audit", key: Uint8Array.of(0x6c, 0, 0, 0, 0, 0, 0, 0, n) }) as const;
  const [second] = await lists.rig.store.get([key(2)]);
  assert.ok(second !== undefined);
  await lists.putBack([[key(2), undefined]]);
  assert.deepEqual(await lists.problems(), [
    "edited 2: the counters of lists beside it are not what was signed",
  ]);
  await lists.trail.close();
});
