/** What a job is given, and what a command says of itself. */
import type { Engine } from "../engine.ts";

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
  /** By long name without dashes; an option that may be repeated has every value. */
  readonly options: ReadonlyMap<string, readonly string[] | true>;
  /** A server runs on the directory too; this is a process of its. */
  readonly beside: boolean;
}

/** Resolves with the exit code. */
export type Job = (engine: Engine, input: JobInput, output: JobOutput) => Promise<number>;

/** Resolves with the exit code. */
export type OfflineJob = (input: Omit<JobInput, "beside">, output: JobOutput) => Promise<number>;

export interface JobOption {
  /** As commander reads it. */
  readonly flags: string;
  readonly help: string;
  /** May be given several times. */
  readonly repeated?: true;
  /** A path: made absolute before it goes to a server, which stands in another directory. */
  readonly path?: true;
}
export interface JobArgument {
  readonly name: string;
  readonly help: string;
  readonly path?: true;
}

export interface JobCommand {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly JobArgument[];
  readonly options: readonly JobOption[];
  /** Actions (first argument) that need no store: they run where they are typed, whether or not a server runs. */
  readonly offline?: {
    readonly actions: readonly string[];
    /** Only with this option, by its long name. */
    readonly option?: string;
    load(): Promise<OfflineJob>;
  };
  /** The job's code, loaded when it runs: whoever only asks a server for it needs none. */
  load(): Promise<Job>;
}
