/** The commands that look after a store. */
import type { Engine } from "../engine.ts";
import { backupJob } from "./backup.ts";
import { rootKeyJob } from "./root-key.ts";

/** Where a job writes. Progress goes to `err` and only where somebody watches; results to `out`. */
export interface JobOutput {
  out(text: string): void;
  err(text: string): void;
  /** One line that replaces itself on a terminal; nothing elsewhere. */
  progress(text: string): void;
}

export interface JobInput {
  /** Positional arguments. */
  readonly args: readonly string[];
  /** By long name without dashes. */
  readonly options: ReadonlyMap<string, string | true>;
}

export interface JobCommand {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly { readonly flags: string; readonly help: string }[];
  /** Resolves with the exit code. */
  run(engine: Engine, input: JobInput, output: JobOutput): Promise<number>;
}

export const JOBS: readonly JobCommand[] = [backupJob, rootKeyJob];
