/** Sums the workers' values into one Prometheus text. Loaded on the first scrape: the parent stays small until then. */
export async function mergeMetrics(values: readonly (readonly unknown[])[]): Promise<string> {
  const { AggregatorRegistry } = await import("prom-client");
  return AggregatorRegistry.aggregate(values.map((v) => [...v] as object[])).metrics();
}
