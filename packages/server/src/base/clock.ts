/** Wall clock as an argument, so that tests can set it. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}
export const systemClock: Clock = { now: () => Date.now() };

/** Whether something is younger than a limit. A clock that was set back makes it old: nothing is kept until it catches up. */
export function isFresh(sinceMs: number, nowMs: number, ageMsMax: number): boolean {
  const ageMs = nowMs - sinceMs;
  return ageMs >= 0 && ageMs < ageMsMax;
}
