/** Memory that the operating system has in hand before a measurement. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PIECE = Buffer.alloc(1024 * 1024, 0x5a);
/** What eight connections write within one measurement, with some to spare. */
const PIECES = 7 * 1024;

/**
 * Writes a file and removes it, so that its pages are free and have been used. On a virtual machine the first use of a page
 * is an exit to the hypervisor: 64 MiB into pages never used cost three times as much as into such ones, which hits
 * whichever side of a comparison happens to get them.
 */
export function touchPages(): void {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-pages-"));
  try {
    const file = openSync(join(directory, "pages"), "wx");
    try {
      for (let i = 0; i < PIECES; i++) writeSync(file, PIECE);
    } finally {
      closeSync(file);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
