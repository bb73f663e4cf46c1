/**
 * The log: JSON lines on standard error, by pino. Errors are written with causes and stack; nothing else is expanded.
 * The library is loaded with the first line, or once the process has settled: most starts have nothing to say.
 */
import { createRequire } from "node:module";
import type { default as Pino, Logger } from "pino";
import type { Log, LogFields } from "../base/log.ts";
import type { Settings } from "./settings.ts";

/** An error and what caused it, as plain fields; never more than this deep. */
const CAUSES_MAX = 5;
/** Of lines that could not be written yet. */
const WAITING_BYTES_MAX = 1024 ** 2;

function plain(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: plain(error.cause, depth + 1) }),
  };
}

const fieldsOf = (fields: LogFields | undefined): object =>
  fields === undefined || !("error" in fields)
    ? (fields ?? {})
    : { ...fields, error: plain(fields["error"]) };

const load = createRequire(import.meta.url);
export const loadLogLibrary = (): typeof Pino => load("pino") as typeof Pino;

export function openLog(level: Settings["logLevel"], base: LogFields): Log {
  let logger: Logger | undefined;
  const out = (): Logger => (logger ??= openLogger(level, base));
  const shown = LEVELS.indexOf(level);
  return {
    info: (message, fields) => shown <= LEVELS.indexOf("info") && out().info(fieldsOf(fields), message),
    warn: (message, fields) => shown <= LEVELS.indexOf("warn") && out().warn(fieldsOf(fields), message),
    error: (message, fields) => out().error(fieldsOf(fields), message),
  };
}
const LEVELS: readonly Settings["logLevel"][] = ["debug", "info", "warn", "error"];

function openLogger(level: Settings["logLevel"], base: LogFields): Logger {
  const pino = loadLogLibrary();
  return pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
    },
    openDestination(pino),
  );
}

/** Where the log's own disk is full, lines wait for room and the last are dropped: no store ends for its log. */
function openDestination(pino: typeof Pino): ReturnType<typeof Pino.destination> {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: WAITING_BYTES_MAX });
  destination.on("error", () => undefined);
  return destination;
}
