/**
 * Once a process of the store is ready: keeps the compiled code for the next start, and gives back what starting has
 * taken. Loading the sources leaves a heap of 20 to 30 MiB more than the idle process needs, and V8 does not return it
 * by itself (measured: parent 47 -> 34 MiB, worker 75 -> 53 MiB, for one pause of 20 to 50 ms).
 */
import module from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadLogLibrary } from "./log.ts";

/** The one that also drops code not run lately and gives free pages back. */
const LAST_RESORT = { type: "major", execution: "sync", flavor: "last-resort" };
const SETTLE_MS = 500;
/**
 * V8 lets a heap of this size grow by a tenth before it marks all of it again, and counts buffers off the heap as if they
 * were part of it: under load they fill that tenth by themselves, and one collection followed the other.
 */
const ROOM_TO_GROW = "--heap-growing-percent=150";

/** `rest`: loads what a start can do without and a request should not have to wait for. */
export function settleLater(rest: () => Promise<unknown> = () => Promise.resolve()): void {
  setTimeout(() => {
    // What can't be loaded now is tried again, and told, when it is asked for.
    void rest()
      .catch(() => undefined)
      .then(settle);
  }, SETTLE_MS).unref();
}

function settle(): void {
  // What goes wrong later may leave no file to read it from.
  loadLogLibrary();
  // A process that is killed never writes it at its end. Other runtimes have neither.
  if (typeof module.flushCompileCache === "function") module.flushCompileCache();
  if (process.versions["bun"] !== undefined) return;
  setFlagsFromString(ROOM_TO_GROW);
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") Reflect.apply(collect, undefined, [LAST_RESORT]);
}
