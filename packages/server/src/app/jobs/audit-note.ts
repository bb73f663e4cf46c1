/** That the trail was read by a command stands in the trail. */
import type { Engine } from "../engine.ts";
import type { JobInput } from "./job.ts";

/** Before anything is read. */
export async function noteReading(
  engine: Engine,
  name: string,
  options: JobInput["options"],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { recorder, trail } = engine.audit;
  if (recorder === undefined) return;
  const said = Object.fromEntries([...options].map(([k, v]) => [k, v === true ? "true" : v.join(",")]));
  await trail.durable(
    recorder.service(name, "cloudtrail", engine.settings.account, { by: "command", ...said, ...more }, []),
  );
}
