/**
 * What the audit trail costs: `npm run bench -- trail [--runtime node|bun] [--rounds N] [--seconds N] [--json]`. The same
 * requests to two servers of one build, one with the trail, one without, in turn, so that noise hits both. Issue: each
 * cell keeps at least 85 % of its rate.
 */
import { parseArgs } from "node:util";
import type { Requests, Result } from "./lib/job.ts";
import { LoadGenerator } from "./lib/measure.ts";
import { type Runtime, RUNTIMES, startStore, type Store } from "./lib/server.ts";
import { median } from "./lib/stats.ts";
import { percent, rate, table } from "./lib/table.ts";
import { getRequests, KIB, type Mode, modeOf, putRequests } from "./matrix.ts";

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: "node" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const runtime: Runtime = RUNTIMES.find((r) => r === values.runtime) ?? "node";
const BYTES = 4 * KIB;
const OBJECTS = 2000;
const SHARE_MIN = 0.85;

interface Cell {
  readonly name: string;
  readonly mode: Mode;
  readonly operation: "PUT" | "GET";
  readonly connections: number;
}
const CELLS: readonly Cell[] = [
  { name: "PUT SSE-S3 4 KiB", mode: modeOf("SSE-S3"), operation: "PUT", connections: 32 },
  { name: "GET SSE-S3 4 KiB", mode: modeOf("SSE-S3"), operation: "GET", connections: 32 },
  { name: "GET SSE-KMS 4 KiB", mode: modeOf("SSE-KMS"), operation: "GET", connections: 128 },
];

const load = new LoadGenerator();
const made = new Map<string, number>();

/** New names on each server for every PUT. */
function puts(store: Store, mode: Mode, count: number): Requests {
  const name = `${store.port} ${mode.name}`;
  const first = made.get(name) ?? 0;
  made.set(name, first + count);
  return { ...putRequests(mode, BYTES, first), count };
}

function run(store: Store, cell: Cell): Promise<Result> {
  const { mode, operation, connections } = cell;
  const pace = { warmupSeconds: 1, warmupRequests: 8000, seconds: Number(values.seconds), connections };
  return load.run(
    store,
    operation === "PUT" ? puts(store, mode, 12 * OBJECTS) : getRequests(mode, BYTES, OBJECTS),
    pace,
  );
}

const withTrail = await startStore(runtime, "product");
const without = await startStore(runtime, "product", true, ["--audit=off"]);
const rows: {
  name: string;
  connections: number;
  on: number;
  off: number;
  share: number;
  cpuShare: number;
}[] = [];
try {
  for (const store of [withTrail, without])
    for (const mode of new Set(CELLS.map((c) => c.mode))) {
      const pace = { warmupSeconds: 0, warmupRequests: 0, seconds: 120, connections: 32 };
      await load.run(store, puts(store, mode, OBJECTS), pace);
    }
  for (const cell of CELLS) {
    const rounds: { readonly on: Result; readonly off: Result }[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const on = await run(withTrail, cell);
      rounds.push({ on, off: await run(without, cell) });
    }
    rows.push({
      name: cell.name,
      connections: cell.connections,
      on: median(rounds.map(({ on }) => on.bestRate)),
      off: median(rounds.map(({ off }) => off.bestRate)),
      share: median(rounds.map(({ on, off }) => on.bestRate / off.bestRate)),
      cpuShare: median(rounds.map(({ on, off }) => off.bestCpuMicros / on.bestCpuMicros)),
    });
  }
} finally {
  await load.close();
  await withTrail.close();
  await without.close();
}
if (values.json) console.log(JSON.stringify({ runtime, rows }));
else
  console.log(
    table(
      [
        "cell",
        "connections",
        "/s with trail",
        "/s without",
        "share",
        "share of CPU",
        `at least ${percent(SHARE_MIN)}`,
      ],
      rows.map((r) => [
        r.name,
        String(r.connections),
        rate(r.on),
        rate(r.off),
        percent(r.share),
        percent(r.cpuShare),
        r.share >= SHARE_MIN ? "ok" : "BELOW",
      ]),
      1,
    ),
  );
