/** The client's strict JSON maps: never laxer than JSON.parse, and equal where both accept. */
import { parseJsonMap } from "../../packages/client/src/envelope/json-map.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  seeds: ['{"a":"b"}', '{"\\u00e5":"\\/", "b" : null}', '{"n":-1.5e3}', "{}"].map((s) =>
    new TextEncoder().encode(s),
  ),
  run(bytes) {
    const text = new TextDecoder().decode(bytes);
    const map = parseJsonMap(text);
    if (map === undefined) return;
    // Whatever we accept, JSON.parse accepts with the same values: we are stricter, never laxer.
    const reference: Record<string, unknown> = JSON.parse(text);
    for (const [name, value] of map)
      if (name !== "__proto__" && reference[name] !== value)
        throw new Error(`differs at ${JSON.stringify(name)}`);
  },
};
