/**
 * A process of its own that counts up a row: `child.ts MODULE PLACE KEY TIMES`, MODULE exporting `openHomeAt`. It says that it
 * has opened the home, and begins when it is told to; without a channel to its parent at once.
 */
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import type { Store } from "../port.ts";
import { increment } from "./processes.ts";

const [module = "", place = "", key = "", times = "0"] = process.argv.slice(2);
const home = (await import(pathToFileURL(module).href)) as {
  openHomeAt(place: string): Promise<Store>;
};
const store = await home.openHomeAt(place);
if (process.send !== undefined) {
  process.send("opened");
  await once(process, "message");
  process.disconnect?.();
}
await increment(store, key, Number(times));
await store.close();
