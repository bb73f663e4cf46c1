/**
 * Time and number of requests, counted in plain arrays: every request comes through here, and the metric library's own
 * look-ups cost more than the rest of a small answer. Written out in its form when somebody asks.
 */
import type { RequestMeasure } from "../api/common/ports.ts";

/** Upper bounds in seconds; beyond the last is +Inf. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30] as const;

interface Tally {
  readonly service: string;
  readonly operation: string;
  /** By bound, not cumulative. */
  readonly counts: number[];
  /** By status. */
  readonly statuses: Map<number, number>;
  seconds: number;
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** As the metric library's JSON has it. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "histogram";
  readonly aggregator: "sum";
  readonly values: readonly Value[];
}

export class RequestTimes {
  /** By service, then operation. */
  readonly #services = new Map<string, Map<string, Tally>>();

  note({ service, operation, status, milliseconds }: RequestMeasure): void {
    const tally = this.#services.get(service)?.get(operation) ?? this.#begin(service, operation);
    const seconds = milliseconds / 1000;
    let at = 0;
    while (at < BOUNDS.length && seconds > (BOUNDS[at] ?? Infinity)) at++;
    tally.counts[at] = (tally.counts[at] ?? 0) + 1;
    tally.seconds += seconds;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  }

  #begin(service: string, operation: string): Tally {
    const counts = Array.from({ length: BOUNDS.length + 1 }, () => 0);
    const tally = { service, operation, counts, statuses: new Map<number, number>(), seconds: 0 };
    const operations = this.#services.get(service) ?? new Map<string, Tally>();
    operations.set(operation, tally);
    this.#services.set(service, operations);
    return tally;
  }

  collect(): readonly MetricJson[] {
    const tallies = [...this.#services.values()].flatMap((operations) => [...operations.values()]);
    return [
      {
        name: "strongroom_requests_total",
        help: "Requests by service, operation and status",
        type: "counter",
        aggregator: "sum",
        values: tallies.flatMap(({ service, operation, statuses }) =>
          Array.from(statuses, ([status, value]) => ({
            labels: { service, operation, status: String(status) },
            value,
          })),
        ),
      },
      {
        name: TIMES,
        help: "Time from the head of a request to the end of its answer",
        type: "histogram",
        aggregator: "sum",
        values: tallies.flatMap(valuesOf),
      },
    ];
  }
}

const TIMES = "strongroom_request_seconds";

/** Buckets of this form hold what is below their bound, too. */
function valuesOf({ service, operation, counts, seconds }: Tally): Value[] {
  const labels = { service, operation };
  let sum = 0;
  const buckets = counts.map((count, i): Value => {
    sum += count;
    return { labels: { le: BOUNDS[i] ?? "+Inf", ...labels }, value: sum, metricName: `${TIMES}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: seconds, metricName: `${TIMES}_sum` },
    { labels, value: sum, metricName: `${TIMES}_count` },
  ];
}
