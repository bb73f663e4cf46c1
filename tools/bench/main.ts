/** `npm run bench`: the store over sockets, each figure beside its limit measured in the same run. `--help` lists the options. */
import { existsSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Bench, type Cell } from "./cells.ts";
import { loadAverage } from "./lib/machine.ts";
import { type Runtime, RUNTIMES, runtimePath } from "./lib/server.ts";
import { MIB, MODES, SIZES } from "./matrix.ts";
import { measureMemory, type MemoryReport } from "./memory.ts";
import { floorsOf, showFloors, showTable } from "./report.ts";

const HELP = `npm run bench [-- SUBCOMMAND] [options]

The store over sockets, each figure beside its limit measured in the same run; the table says which and how.

  all        table, memory and floors (default)
  floors     only what the floors need, several rounds
  table      modes x sizes x operations
  memory     a 5 GiB object in and out, idle, start
  trail      what the audit trail costs: the same cells with it and without
  crypto, policy, kms, objects, api, audit, kms-http
             single layers, programs of their own that take what follows their name

  --quick                 fewer cells, shorter
  --json                  one JSON document
  --runtime node|bun      only on that runtime
  --rounds N  --seconds N  --connections N
  --only TEXT             cells whose "GET SSE-S3 4 KiB" contains it
  --no-identity           without the same store with identity ciphers, measured for comparison
  --help                  this`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h", default: false },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    runtime: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string" },
    only: { type: "string" },
    "no-identity": { type: "boolean", default: false },
  },
});
const [command = "all"] = positionals;
const runtimes = RUNTIMES.filter((r) => values.runtime === undefined || r === values.runtime);
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

interface Selection {
  readonly modes: readonly string[];
  readonly sizes: readonly string[];
  readonly others: boolean;
  readonly rounds: number;
}
const FLOORS: Selection = {
  modes: ["SSE-S3", "SSE-KMS"],
  sizes: ["4 KiB", "64 MiB"],
  others: false,
  rounds: 5,
};
const QUICK: Selection = { modes: ["SSE-S3", "SSE-KMS"], sizes: ["4 KiB", "1 MiB"], others: true, rounds: 1 };
const TABLE: Selection = {
  modes: MODES.map((m) => m.name),
  sizes: SIZES.map((s) => s.name),
  others: true,
  rounds: 1,
};

async function measure(runtime: Runtime, selection: Selection): Promise<Cell[][]> {
  const bench = await Bench.open(
    runtime,
    {
      warmupSeconds: values.quick ? 0.5 : 1,
      warmupRequests: values.quick ? 8000 : 15_000,
      seconds: Number(values.seconds ?? (values.quick ? 1 : 2)),
      connections: Number(values.connections ?? 32),
    },
    !values["no-identity"],
  );
  const rounds = new Map<string, Cell[]>();
  const note = async (name: string, run: () => Promise<Cell>): Promise<void> => {
    progress(`${runtime}: ${name}`);
    const cell = await run();
    const key = `${cell.operation} ${cell.mode} ${cell.size}`;
    rounds.set(key, [...(rounds.get(key) ?? []), cell]);
  };
  const wanted = (name: string): boolean => values.only === undefined || name.includes(values.only);
  try {
    for (let round = 0; round < Number(values.rounds ?? selection.rounds); round++) {
      for (const { name, bytes } of SIZES.filter((s) => selection.sizes.includes(s.name))) {
        // Objects must be there before they are read: a wanted GET puts first, unmeasured by its own right.
        const modes = MODES.filter((m) => selection.modes.includes(m.name));
        const puts = modes.filter((m) => wanted(`PUT ${m.name} ${name}`) || wanted(`GET ${m.name} ${name}`));
        if (puts.length === 0) continue;
        const putLimits = await bench.limits("PUT", bytes);
        for (const mode of puts)
          await note(`PUT ${mode.name} ${name}`, () => bench.put(mode, name, bytes, putLimits));
        const getLimits = await bench.limits("GET", bytes);
        for (const mode of puts) {
          if (!wanted(`GET ${mode.name} ${name}`)) continue;
          await note(`GET ${mode.name} ${name}`, () => bench.get(mode, name, bytes, getLimits));
        }
      }
      if (!selection.others) continue;
      if (wanted("list page")) await note("list", () => bench.list());
      for (const { name, bytes } of SIZES.filter((s) => selection.sizes.includes(s.name))) {
        if (wanted(`copy ${name}`)) await note(`copy ${name}`, () => bench.copy(name, bytes));
        if (wanted(`rewrap ${name}`)) await note(`rewrap ${name}`, () => bench.rewrap(name, bytes));
      }
    }
  } finally {
    await bench.close();
    progress("");
  }
  return [...rounds.values()];
}

async function memoryOf(runtime: Runtime): Promise<MemoryReport> {
  progress(`${runtime}: memory`);
  const report = await measureMemory(runtime, (values.quick ? 256 : 5 * 1024) * MIB);
  progress("");
  return report;
}

async function whole(): Promise<void> {
  const startedLoad = loadAverage();
  const selection = command === "floors" ? FLOORS : values.quick ? QUICK : TABLE;
  const cells: Cell[][] = [];
  const memory: MemoryReport[] = [];
  for (const runtime of runtimes) {
    if (command !== "memory") cells.push(...(await measure(runtime, selection)));
    if (command !== "table" && command !== "floors") memory.push(await memoryOf(runtime));
  }
  const report = { cells, memory };
  const floors = floorsOf(report);
  const machine = { loadBefore: startedLoad, loadAfter: loadAverage() };
  if (values.json) {
    console.log(JSON.stringify({ machine, cells: cells.flat(), memory, floors }));
    return;
  }
  console.log(`load average ${machine.loadBefore} before, ${machine.loadAfter} after`);
  if (cells.length > 0) console.log(`\n${showTable(cells)}`);
  for (const { runtime, transfers } of memory) {
    for (const t of transfers) {
      console.log(
        `${runtime}: ${t.name}: ${Math.round(t.mibPerSecond)} MiB/s, RssAnon at most ${Math.round(t.peakMib)} MiB`,
      );
    }
  }
  if (floors.length > 0) console.log(`\n${showFloors(floors)}`);
}

/** A bench of one layer, as a program of its own. */
function layer(name: string): Promise<void> {
  const file = join(import.meta.dirname, `${name}.ts`);
  if (!existsSync(file)) throw new Error(`no bench named ${name}`);
  const index = process.argv.indexOf(name);
  const args = process.argv.slice(index + 1);
  return new Promise((resolve) => {
    spawn(runtimePath("node"), [file, ...args], { stdio: "inherit" }).on("exit", (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}

if (values.help) console.log(HELP);
else if (["all", "table", "floors", "memory"].includes(command)) await whole();
else await layer(command);
