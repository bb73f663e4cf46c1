/** Reads the settings once at start: defaults, then config file, environment, command line; later ones win. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { environmentName, SETTINGS, type Settings, settingsSchema } from "./settings.ts";

/** A mistake of the operator: the text names the cause and the cure, and the command exits with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Variables that belong to the tooling around the server, not to its settings. */
const OTHER_VARIABLES = new Set(["STRONGROOM_CONFIG"]);

export interface ConfigSources {
  /** Values given on the command line, by setting name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly configFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

function fromEnvironment(env: ConfigSources["env"]): Record<string, unknown> {
  const names = new Map(Object.keys(SETTINGS).map((name) => [environmentName(name), name]));
  const values: Record<string, unknown> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith("STRONGROOM_") || OTHER_VARIABLES.has(variable) || value === undefined) continue;
    const name = names.get(variable);
    if (name === undefined)
      throw new UsageError(
        `the environment sets ${variable}, which is no setting; see strongroom serve --help`,
      );
    values[name] = value;
  }
  return values;
}

function fromFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`the config file ${path} can't be read`, { cause });
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw new UsageError(`the config file ${path} is not a JSON object of settings`, { cause });
  }
}

export function loadSettings(sources: ConfigSources): Settings {
  const file = sources.configFile ?? sources.env["STRONGROOM_CONFIG"];
  const merged = {
    ...(file === undefined ? {} : fromFile(file)),
    ...fromEnvironment(sources.env),
    ...sources.flags,
  };
  const parsed = settingsSchema.safeParse(merged);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? "");
      const what =
        issue.code === "unrecognized_keys"
          ? `unknown setting ${issue.keys.join(", ")}`
          : `${name}: ${issue.message}`;
      return `  ${what}`;
    });
    throw new UsageError(`the settings are not right:\n${lines.join("\n")}`);
  }
  const s = parsed.data;
  if (
    (s.tlsListen === undefined) !== (s.tlsCert === undefined) ||
    (s.tlsCert === undefined) !== (s.tlsKey === undefined)
  ) {
    throw new UsageError("--tls-listen, --tls-cert and --tls-key go together: give all three or none");
  }
  if ((s.rootAccessKeyId === undefined) !== (s.rootSecretAccessKey === undefined)) {
    throw new UsageError(
      "STRONGROOM_ROOT_ACCESS_KEY_ID and STRONGROOM_ROOT_SECRET_ACCESS_KEY go together: set both or neither",
    );
  }
  if (s.keysOverPlainHttp === "always" && s.trustedProxies.length === 0) {
    throw new UsageError(
      "--keys-over-plain-http always needs --trusted-proxies: the proxies that end TLS in front of this server",
    );
  }
  return Object.freeze(s);
}
