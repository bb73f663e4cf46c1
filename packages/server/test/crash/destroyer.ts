/**
 * Destroys the KMS keys that are due, and ends badly in the midst of it: `destroyer.ts DATA COMMITS before|during`. It
 * kills itself instead of the commit after so many, or while that commit is on its way.
 */
import { openEngine } from "../../src/app/engine.ts";
import { loadSettings } from "../../src/app/config.ts";
import { destroyDue } from "../../src/kms/deletion.ts";

const [data = "", commits = "0", when = "before"] = process.argv.slice(2);
const engine = await openEngine(
  loadSettings({ flags: { data }, env: {} }),
  { log: { info() {}, warn() {}, error() {} }, kmsCall() {}, onFatal: () => process.exit(9) },
  false,
);
let left = Number(commits);
const rows = new Proxy(engine.kms.rows, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name);
    if (typeof member !== "function") return member;
    return (...args: unknown[]): unknown => {
      const dies = name === "commit" && left-- <= 0;
      if (dies && when === "before") process.kill(process.pid, "SIGKILL");
      const result: unknown = Reflect.apply(member, target, args);
      if (dies) setImmediate(() => process.kill(process.pid, "SIGKILL"));
      return result;
    };
  },
});
await destroyDue({ ...engine.kms, rows }, engine.clock.now());
await engine.close();
