/**
 * The log port: a constant message and typed fields, units in names. Safe by type: a SecretKey cannot print, and nothing
 * that a caller chose and must keep secret is ever a field.
 */
export type LogField = string | number | boolean | null | undefined;
export type LogFields = Readonly<Record<string, LogField>>;
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
const nothing = (): void => {};
export const silentLog: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
