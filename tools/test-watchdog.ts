/**
 * Loaded into each test file's process (`node --test --import`): ends one that does not end. The runner bounds each test,
 * but a socket, a port or a child that a test has left open keeps the file's process, and the run, for good.
 */
import { isMainThread } from "node:worker_threads";

/** The longest file takes a fraction of it, on a slow machine, too. */
const FILE_MS = 10 * 60_000;

// Nothing for the runner itself, which lasts as long as all files together, nor for threads, which end with their process.
if (isMainThread && process.env["NODE_TEST_CONTEXT"] !== undefined) {
  setTimeout(() => {
    process.stderr.write(`${process.argv[1]} does not end\n`);
    // As at any other end: what is to be done on exit, such as killing servers, is done.
    process.exit(1);
  }, FILE_MS).unref();
}
