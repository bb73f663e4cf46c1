/** Output of a command: results to standard output, the rest and a line of progress to standard error. */
import type { JobOutput } from "./job.ts";

/**
 * What a terminal obeys (controls of both sets, directions of writing) and what some readers take for a line's end: clients
 * put it into keys, and their refused requests stand in the trail. As JSON writes it, so that JSON stays what it was.
 */
// oxlint-disable-next-line no-control-regex -- these are what must not pass
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const shownText = (text: string): string =>
  text.replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Where nobody reads any more (`| head`), or nothing can be written, the command ends: nothing would come of it. */
function endUnheard(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE")
    process.stderr.write(`strongroom: the output can't be written: ${error.message}\n`);
  process.exit(1);
}

/** `elsewhere`: where progress goes if somebody else shows it; else a terminal shows it in a line that replaces itself. */
export function terminalOutput(elsewhere?: (text: string) => void): JobOutput {
  for (const stream of [process.stdout, process.stderr]) stream.once("error", endUnheard);
  const live = process.stderr.isTTY;
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write("\r\x1b[K");
    shown = false;
  };
  return {
    out(text) {
      clear();
      process.stdout.write(`${shownText(text)}\n`);
    },
    err(text) {
      clear();
      process.stderr.write(`${shownText(text)}\n`);
    },
    progress(text) {
      if (elsewhere !== undefined) return elsewhere(text);
      if (!live) return;
      process.stderr.write(`\r\x1b[K${text}`);
      shown = true;
    },
  };
}
