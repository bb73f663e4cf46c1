/** What the layer counts; the application connects it to its registry. Names of operations as the key service has them. */
export interface Metrics {
  /** A call that did cryptography in the key service; authorisations alone do not count. */
  kmsCall(operation: "GenerateDataKey" | "Decrypt"): void;
}

export const NO_METRICS: Metrics = { kmsCall: () => undefined };
