/** Reads the settings once at start: defaults, then config file, environment, command line; later ones win. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { environmentName, type Setting, SETTINGS, type Settings, settingsSchema } from "./settings.ts";

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

/** A file that the operator wrote. `what` it is, for messages, which say why it can't be read. */
export function readJson(
  path: string,
  what: string,
): { readonly bytes: Uint8Array; readonly value: unknown } {
  try {
    const bytes = readFileSync(path);
    return { bytes, value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch (cause) {
    // A message of JSON.parse quotes the text, which may hold secrets; the position is enough.
    const where = cause instanceof SyntaxError ? / at position .*/.exec(cause.message)?.[0] : undefined;
    const reason = cause instanceof SyntaxError ? `it is not JSON${where ?? ""}` : reasonOf(cause);
    throw new UsageError(`the ${what} ${path} can't be read: ${reason}`, { cause });
  }
}
/** For the end of a message. */
export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "unknown");

function fromFile(path: string): Record<string, unknown> {
  const parsed = z.record(z.string(), z.unknown()).safeParse(readJson(path, "config file").value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`the config file ${path} is not a JSON object of settings`);
}

/** A setting as its operator knows it: by the option, the variable or the member that gave it. */
function givenAs(name: string, { flags, env }: ConfigSources, file: string | undefined): string {
  if (flags[name] !== undefined) return `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  if (env[environmentName(name)] !== undefined) return environmentName(name);
  return `${name} in ${file ?? "the settings"}`;
}

type Issue = z.core.$ZodIssue;
function describe(
  issue: Issue,
  merged: Readonly<Record<string, unknown>>,
  where: (n: string) => string,
): string {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0)
    return issue.keys.map((key) => `  ${where(key)}: unknown setting ${key}`).join("\n");
  const [name = "", ...inside] = issue.path.map(String);
  const setting = new Map<string, Setting>(Object.entries(SETTINGS)).get(name);
  // What has no option may be a secret, or long.
  if (setting?.flag === undefined)
    return `  ${where(name)}${inside.length === 0 ? "" : `, ${inside.join(".")}`}: ${issue.message}`;
  return `  ${where(name)}: ${JSON.stringify(merged[name])} is not ${issue.message}`;
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
    const lines = parsed.error.issues.map((issue) =>
      describe(issue, merged, (name) => givenAs(name, sources, file)),
    );
    // Members of a list may fail alike.
    throw new UsageError(`the settings are not right:\n${[...new Set(lines)].join("\n")}`);
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
