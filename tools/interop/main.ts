/** `node tools/interop/main.ts [words]`: every suite whose name contains one of the words, or all. */
import { startServer } from "./server.ts";
import { makeContext, SUITES } from "./suites.ts";

const words = process.argv.slice(2);
const chosen = SUITES.filter((s) => words.length === 0 || words.some((w) => s.name.includes(w)));
const server = await startServer();
let failed = 0;
try {
  const context = await makeContext(server);
  for (const suite of chosen) {
    const started = performance.now();
    try {
      await suite.run(context);
      console.log(`ok      ${suite.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${suite.name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  await server.stop();
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
