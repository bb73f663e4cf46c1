/** The table, and the floors that it must reach. */
import { type Cell, medianCell, shareOf } from "./cells.ts";
import type { MemoryReport } from "./memory.ts";
import { milliseconds, percent, rate, table } from "./lib/table.ts";

export interface Report {
  /** Rounds of each cell. */
  readonly cells: readonly (readonly Cell[])[];
  readonly memory: readonly MemoryReport[];
}

export interface Floor {
  readonly name: string;
  readonly wanted: string;
  readonly reached: string;
  readonly holds: boolean;
}

const HEAD = [
  "runtime",
  "operation",
  "mode",
  "size",
  "/s",
  "best /s",
  "p50 ms",
  "p99 ms",
  "cpu us",
  "KMS",
  "load cpu",
  "limits: rate, share (share of CPU)",
];

export function showTable(cells: Report["cells"]): string {
  const rows = cells.map((rounds) => {
    const cell = medianCell(rounds);
    const limits = cell.limits.map((limit) => {
      const share = shareOf(rounds, limit.name);
      return `${limit.name} ${rate(limit.bestRate)}: ${percent(share.rate)} (${percent(share.cpu)})`;
    });
    return [
      cell.runtime,
      cell.operation,
      cell.mode,
      cell.size,
      rate(cell.rate),
      rate(cell.bestRate),
      milliseconds(cell.p50Ms),
      milliseconds(cell.p99Ms),
      rate(cell.cpuMicros),
      cell.kmsCalls === 0 ? "0" : cell.kmsCalls.toFixed(3),
      percent(cell.loadCpu),
      `  ${limits.join("; ")}`,
    ];
  });
  return table(HEAD, rows, 4);
}

export function floorsOf(report: Report): Floor[] {
  return [
    ...report.cells.flatMap((rounds) => floorsOfCell(rounds)),
    ...report.memory.flatMap(floorsOfMemory),
  ];
}

function floorsOfCell(rounds: readonly Cell[]): Floor[] {
  const [cell] = rounds;
  if (cell === undefined || (cell.mode !== "SSE-S3" && cell.mode !== "SSE-KMS")) return [];
  const floor = (limit: string, wanted: number): Floor => {
    const { rate: reached, cpu } = shareOf(rounds, limit);
    return {
      name: `${cell.runtime}: ${cell.operation} ${cell.size} ${cell.mode}, share of ${limit}`,
      wanted: percent(wanted),
      reached: `${percent(reached)} (${percent(cpu)} of CPU)`,
      holds: reached >= wanted,
    };
  };
  if (cell.size === "4 KiB" && cell.operation === "GET")
    return [floor("bare http", cell.runtime === "bun" ? 0.25 : 0.2)];
  if (cell.size === "4 KiB" && cell.operation === "PUT") {
    const raw = floor("raw LMDB", 0.35);
    const http = floor("http+LMDB", 0.55);
    // One of the two is enough.
    const holds = raw.holds || http.holds;
    return [
      { ...raw, holds },
      { ...http, holds },
    ];
  }
  if (cell.size !== "64 MiB") return [];
  if (cell.operation === "GET") return [floor("file", 0.6)];
  return cell.operation === "PUT" && cell.mode === "SSE-KMS" ? [floor("http+synced file", 0.6)] : [];
}

function floorsOfMemory(memory: MemoryReport): Floor[] {
  const mib = (value: number): string => `${Math.round(value)} MiB`;
  const below = (name: string, value: number, limit: number): Floor => ({
    name: `${memory.runtime}: ${name}`,
    wanted: `below ${mib(limit)}`,
    reached: mib(value),
    holds: value < limit,
  });
  return [
    below("RssAnon, idle", memory.idleMib, 120),
    ...memory.transfers.map(({ name, peakMib }) => below(`RssAnon, ${name}`, peakMib, 300)),
    {
      name: `${memory.runtime}: ready`,
      wanted: "within 1000 ms",
      reached: `${Math.round(memory.readyMs)} ms`,
      holds: memory.readyMs < 1000,
    },
  ];
}

export function showFloors(floors: readonly Floor[]): string {
  const rows = floors.map((f) => [f.name, f.holds ? "ok" : "BELOW", f.wanted, f.reached]);
  return table(["floor", "", "wanted", "reached"], rows, 2);
}
