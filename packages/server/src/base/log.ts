/**
 * The log port: constant message, typed fields. Safety by type: a SecretKey cannot print, and no field takes a header or
 * a body. The app hands in the real one.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` in the fields is logged with its causes and stack. */
  error(message: string, fields?: LogFields): void;
}

const nothing = (): void => {};
export const silentLog: Log = { info: nothing, warn: nothing, error: nothing };
