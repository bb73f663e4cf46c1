/**
 * A process on a local store, under a parent's openings: `child.ts DIRECTORY write` commits a chain, each commit on what the
 * one before wrote, until told to stop, and tells how many were acknowledged and how many are there; `child.ts DIRECTORY
 * open` opens and closes the store many times in its turn; `child.ts DIRECTORY serve` puts and gets one row when told to, and
 * tells whether it is alone.
 */
import { newRev } from "../../src/base/ids.ts";
import { OpeningTurn } from "../../src/app/opening-turn.ts";
import type { Sealed } from "../../src/store/port.ts";
import { type LocalStore, openLocalStore } from "../../src/store/local/open.ts";

const [directory = "", role] = process.argv.slice(2);
const TIMES = 150;
const KEY = { table: "head", key: Uint8Array.of(1) } as const;

const turn = new OpeningTurn();
await turn.mine();
const open = (): Promise<LocalStore> =>
  openLocalStore({
    directory,
    reserveBytes: 0,
    onFatal: (cause) => {
      throw cause;
    },
  });
for (let i = 1; i < TIMES && role === "open"; i++) await (await open()).close();
const store = await open();
turn.opened({
  hold: () => store.hold(),
  setAlone: (isAlone) => {
    store.setAlone(isAlone);
    process.send?.({ isAlone });
  },
});

const stopped = Promise.withResolvers<void>();
let isStopped = false;
process.on("message", (message) => {
  if (message !== "stop") return;
  isStopped = true;
  stopped.resolve();
});

if (role === "write") {
  let rev: Uint8Array | undefined;
  let acknowledged = 0;
  while (!isStopped) {
    const id = newRev();
    const result = await store.commit({
      id,
      expect: [{ ...KEY, rev: (rev as typeof id | undefined) ?? "absent" }],
      put: [{ ...KEY, value: Uint8Array.of(1) as Sealed }],
    });
    if (result.kind !== "ok") {
      process.send?.({ lost: `acknowledged commit ${acknowledged}` });
      break;
    }
    rev = id;
    acknowledged++;
    if (acknowledged % 100 === 0) process.send?.({ acknowledged });
  }
  process.send?.({ acknowledged });
}
async function obey({ put, get }: { readonly put?: number; readonly get?: true }): Promise<void> {
  if (put !== undefined) {
    await store.commit({ id: newRev(), put: [{ ...KEY, value: Uint8Array.of(put) as Sealed }] });
    process.send?.({ put });
  } else if (get) {
    const [row] = await store.get([KEY]);
    process.send?.({ got: row?.value[0] });
  }
}

if (role === "serve") {
  process.on("message", (message) => void obey(message as { put?: number; get?: true }));
  process.send?.("serves");
  await stopped.promise;
}
await store.close();
turn.end();
process.disconnect?.();
