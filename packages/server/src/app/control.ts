/**
 * The control socket: `<data>/strongroom.sock`, mode 0600. It tells a running server from a stale one, keeps a second
 * `serve` (or a command that runs without one) off the same directory, and carries commands (verify, rewrap, backup …) to the server, which runs them in a
 * process of their own with its own settings and streams their output back.
 *
 * Wire: the client sends one JSON line {"command": …, "args": […]}; the server answers JSON lines
 * {"out": text} | {"err": text} | {"progress": text} and at last {"exit": code}.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, renameSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { UsageError } from "./config.ts";

/** sun_path holds 108 bytes on Linux, 104 elsewhere. */
const SOCKET_PATH_BYTES_MAX = 100;

/** A Unix socket address may be relative; a deep data directory is reached from where we stand if that is shorter. */
function address(path: string): string {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  const short = relative(process.cwd(), path);
  if (Buffer.byteLength(short) <= SOCKET_PATH_BYTES_MAX) return short;
  throw new UsageError(
    `the path ${path} is too long for a Unix socket (${SOCKET_PATH_BYTES_MAX} bytes); use a shorter --data, or start in a directory nearer to it (${tmpdir()} is short)`,
  );
}

const requestSchema = z.strictObject({ command: z.string(), args: z.array(z.string()) });
export type ControlRequest = z.output<typeof requestSchema>;
const answerSchema = z.union([
  z.strictObject({ out: z.string() }),
  z.strictObject({ err: z.string() }),
  z.strictObject({ progress: z.string() }),
  z.strictObject({ exit: z.number() }),
]);
export type ControlAnswer = z.output<typeof answerSchema>;

/** At the end: time for those who asked to read what was answered. */
const LAST_WORDS_MS = 1_000;
const REQUEST_BYTES_MAX = 64 * 1024;

/** Whether a server answers on the socket. */
export function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(address(path));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

export type ControlHandler = (
  request: ControlRequest,
  /** Resolves once there is room for more. */
  answer: (a: ControlAnswer) => Promise<void>,
  closed: AbortSignal,
) => Promise<void>;

/**
 * Takes the socket or refuses: binds under a name of its own and links that to the known name, which only one process can
 * do. A socket that nobody answers on is moved aside first.
 */
export async function listenControl(
  path: string,
  handler: ControlHandler,
): Promise<{ close(): Promise<void> }> {
  if (await isServed(path)) {
    throw new UsageError(
      `another strongroom serves ${dirname(path)} already, or a command has it open. Stop it first, or give this one its own --data.`,
    );
  }
  const own = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void serveConnection(socket, handler);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new UsageError(
          `the control socket can't be made in ${dirname(path)}: ${cause.message}. A server, and a command without one, need a directory that they may write to, on a file system with Unix sockets.`,
          { cause },
        ),
      );
    });
    // Bound at once, and never open to others: who connects before a change of mode stays connected.
    const before = process.umask(0o177);
    try {
      server.listen(address(own), resolve);
    } finally {
      process.umask(before);
    }
  });
  // Not every system asks the umask.
  chmodSync(own, 0o600);
  for (let attempt = 0; ; attempt++) {
    try {
      linkSync(own, path);
      break;
    } catch (cause) {
      const taken = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
      if (!taken || attempt > 2 || (await isServed(path))) {
        await closeServer(server);
        rmSync(own, { force: true });
        throw new UsageError(
          `another strongroom serves ${dirname(path)} already or has it open, or its socket ${path} can't be replaced`,
          { cause },
        );
      }
      const stale = `${own}.stale`;
      try {
        renameSync(path, stale);
      } catch {
        // Another starter was faster, or its owner has ended.
        continue;
      }
      // Another starter may have replaced the stale one between the look and the rename: then this is its live socket.
      const live = await isServed(stale);
      if (live) linkSync(stale, path);
      rmSync(stale, { force: true });
    }
  }
  rmSync(own, { force: true });
  return {
    async close() {
      rmSync(path, { force: true });
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, LAST_WORDS_MS);
      await closeServer(server);
      clearTimeout(cut);
    },
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

async function serveConnection(socket: Socket, handler: ControlHandler): Promise<void> {
  const closed = new AbortController();
  socket.on("error", () => closed.abort());
  socket.on("close", () => closed.abort());
  const answer = async (a: ControlAnswer): Promise<void> => {
    if (socket.destroyed || socket.write(`${JSON.stringify(a)}\n`)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        socket.off("drain", go);
        socket.off("close", go);
        resolve();
      };
      socket.on("drain", go);
      socket.on("close", go);
    });
  };
  try {
    const line = await firstLine(socket);
    if (line === undefined) return;
    await handler(requestSchema.parse(JSON.parse(line)), answer, closed.signal);
  } catch (error) {
    void answer({ err: error instanceof Error ? error.message : "failed" });
    void answer({ exit: 1 });
  } finally {
    socket.end();
  }
}

function firstLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    const read = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) {
        socket.off("data", read);
        resolve(text.slice(0, end));
      } else if (text.length > REQUEST_BYTES_MAX) {
        reject(new Error("the request is too long"));
      }
    };
    socket.on("data", read);
    socket.once("end", () => resolve(undefined));
  });
}

/**
 * Runs a command in the server; `undefined` if no server answers. Output goes to the callbacks; resolves with the exit code.
 * Throws UsageError where the server is gone before that.
 */
export async function askServer(
  path: string,
  request: ControlRequest,
  output: {
    readonly out: (text: string) => void;
    readonly err: (text: string) => void;
    readonly progress?: (text: string) => void;
  },
): Promise<number | undefined> {
  if (!(await isServed(path))) return undefined;
  const socket = createConnection(address(path));
  // What breaks it also ends it.
  socket.on("error", () => undefined);
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const line of createInterface({ input: socket })) {
    const answer = answerOf(line);
    if (answer === undefined) break;
    if ("out" in answer) output.out(answer.out);
    else if ("err" in answer) output.err(answer.err);
    else if ("progress" in answer) output.progress?.(answer.progress);
    else return answer.exit;
  }
  throw new UsageError(
    `${request.command}: the server ended before the command did; run it again when the server is back, or without one`,
  );
}

/** Undefined for a line that was cut. */
function answerOf(line: string): ControlAnswer | undefined {
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
