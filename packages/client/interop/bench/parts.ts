/** Shared by the bench's processes. */
export const BENCH_KEY: Uint8Array = new Uint8Array(32).fill(7);

export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMib: number;
}

export function median(list: readonly Measured[]): Measured {
  const middle = (pick: (m: Measured) => number): number =>
    list.map(pick).toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  return {
    seconds: middle((m) => m.seconds),
    cpuSeconds: middle((m) => m.cpuSeconds),
    rssMib: Math.max(...list.map((m) => m.rssMib)),
  };
}
