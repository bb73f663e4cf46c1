/**
 * Random requests to a store of two workers, compared with a model of maps after every step. A failure names the seed;
 * STRONGROOM_TEST_SEED brings it back, STRONGROOM_TEST_STEPS makes the run longer.
 */
import { test } from "node:test";
import { Client } from "./model/client.ts";
import { Walk } from "./model/walk.ts";
import { ON_BUN, serve, temporaryDirectory, until } from "./serve.ts";

const SEED = Number(process.env["STRONGROOM_TEST_SEED"] ?? Date.now() % 1_000_000_000);
const STEPS = Number(process.env["STRONGROOM_TEST_STEPS"] ?? 120);

test(`${STEPS} random steps on two workers are those of the model (seed ${SEED})`, async (t) => {
  const served = await serve({ data: temporaryDirectory(), args: ["--workers", ON_BUN ? "1" : "2"] });
  t.after(() => served.stop());
  await until("the workers are ready", async () => (await served.admin("/readyz")).status === 200);
  const client = new Client(served);
  t.after(() => client.destroy());
  const walk = new Walk(client, SEED);
  try {
    await walk.run(STEPS);
  } catch (error) {
    throw new Error(`seed ${SEED}, after: ${walk.log.slice(-12).join("; ")}`, { cause: error });
  }
});
