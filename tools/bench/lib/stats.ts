/** Medians and percentiles: a shared machine makes means useless. */
export function median(values: readonly number[]): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** `fraction` 0 to 1; the values are sorted in place. */
export function percentile(values: Float64Array, fraction: number): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.floor(values.length * fraction))] ?? 0;
}
