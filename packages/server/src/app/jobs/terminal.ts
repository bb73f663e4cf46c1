/** Output of a command: results to standard output, the rest and a line of progress to standard error. */
import type { JobOutput } from "./job.ts";

/** `elsewhere`: where progress goes if somebody else shows it; else a terminal shows it in a line that replaces itself. */
export function terminalOutput(elsewhere?: (text: string) => void): JobOutput {
  const live = process.stderr.isTTY;
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write("\r\x1b[K");
    shown = false;
  };
  return {
    out(text) {
      clear();
      process.stdout.write(`${text}\n`);
    },
    err(text) {
      clear();
      process.stderr.write(`${text}\n`);
    },
    progress(text) {
      if (elsewhere !== undefined) return elsewhere(text);
      if (!live) return;
      process.stderr.write(`\r\x1b[K${text}`);
      shown = true;
    },
  };
}
