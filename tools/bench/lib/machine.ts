/** What the kernel says of processes, and where they may run. Linux only: /proc and taskset. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** A command line that stays on one core; unchanged where that can't be had. */
export function pinned(core: number, command: readonly string[]): string[] {
  const can = existsSync("/usr/bin/taskset") && availableParallelism() > core;
  return can ? ["/usr/bin/taskset", "-c", String(core), ...command] : [...command];
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    // A process or thread that has just ended has nothing left to say.
    void error;
    return "";
  }
}

/** A process and all that descend from it. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    // The second field may hold blanks and parentheses: what counts follows its last one.
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [pid];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i] ?? 0) ?? []));
  return found;
}

/** CPU seconds of processes so far, all threads, to the nanosecond (what times(2) counts is 10 ms coarse). */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    if (!existsSync(`/proc/${pid}/task`)) continue;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(read(`/proc/${pid}/task/${task}/schedstat`).split(" ")[0]);
    }
  }
  return nanoseconds / 1e9;
}

/** Anonymous memory of processes in MiB. */
export function rssAnonMib(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) kib += Number(/RssAnon:\s+([0-9]+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return kib / 1024;
}

/** Runnable processes over the last minute: what else the machine was doing. */
export const loadAverage = (): number => Number(read("/proc/loadavg").split(" ")[0]);
