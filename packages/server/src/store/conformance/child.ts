/** A process of its own that counts up a row: `child.ts MODULE PLACE KEY TIMES`, MODULE exporting `openHomeAt`. */
import { pathToFileURL } from "node:url";
import type { Store } from "../port.ts";
import { increment } from "./processes.ts";

const [module = "", place = "", key = "", times = "0"] = process.argv.slice(2);
const home = (await import(pathToFileURL(module).href)) as {
  openHomeAt(place: string): Promise<Store>;
};
const store = await home.openHomeAt(place);
await increment(store, key, Number(times));
await store.close();
