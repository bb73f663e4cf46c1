/** The log: JSON lines on standard error, by pino. Errors are written with causes and stack; nothing else is expanded. */
import pino from "pino";
import type { Log, LogFields } from "../base/log.ts";
import type { Settings } from "./settings.ts";

/** An error and what caused it, as plain fields; never more than this deep. */
const CAUSES_MAX = 5;

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

export function openLog(level: Settings["logLevel"], base: LogFields): Log {
  const out = pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    info: (message, fields) => out.info(fieldsOf(fields), message),
    warn: (message, fields) => out.warn(fieldsOf(fields), message),
    error: (message, fields) => out.error(fieldsOf(fields), message),
  };
}
