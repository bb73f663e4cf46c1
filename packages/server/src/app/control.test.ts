import assert from "node:assert/strict";
import { createConnection, createServer, Server } from "node:net";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "./config.ts";
import { askServer, isServed, listenControl } from "./control.ts";

async function inDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-control-"));
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("a command is carried to the server and its output and exit code come back", () =>
  inDir(async (dir) => {
    const path = join(dir, "s.sock");
    const server = await listenControl(path, async (request, answer) => {
      answer({ out: `ran ${request.command} ${request.args.join(",")}` });
      answer({ err: "note" });
      answer({ exit: 3 });
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const out: string[] = [];
    const code = await askServer(
      path,
      { command: "verify", args: ["--json"] },
      { out: (t) => out.push(t), err: (t) => out.push(t) },
    );
    assert.equal(code, 3);
    assert.deepEqual(out, ["ran verify --json", "note"]);
    await server.close();
    assert.equal(await isServed(path), false);
    assert.equal(
      await askServer(path, { command: "verify", args: [] }, { out: () => {}, err: () => {} }),
      undefined,
    );
  }));

test("the socket is never open to others, whatever the umask", (t) =>
  inDir(async (dir) => {
    const listen: unknown = Reflect.get(Server.prototype, "listen");
    assert.ok(typeof listen === "function");
    const modes: number[] = [];
    t.mock.method(Server.prototype, "listen", function (this: Server, path: string, done: () => void) {
      Reflect.apply(listen, this, [path, done]);
      modes.push(statSync(path).mode & 0o777);
      return this;
    });
    const before = process.umask(0);
    try {
      const server = await listenControl(join(dir, "s.sock"), async () => {});
      await server.close();
      assert.equal(process.umask(), 0);
    } finally {
      process.umask(before);
    }
    assert.deepEqual(modes, [0o600]);
  }));

test("a server that ends before the command does is told as such, however it ends", () =>
  inDir(async (dir) => {
    const path = join(dir, "s.sock");
    for (const end of ["destroy", "part of a line"] as const) {
      let looks = 0;
      const server = createServer((socket) => {
        socket.on("error", () => {});
        // The first connection only asks whether somebody is there.
        if (looks++ === 0) return;
        if (end === "destroy") socket.once("data", () => socket.destroy());
        else socket.once("data", () => socket.end('{"out": "be'));
      });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      const asked = askServer(path, { command: "verify", args: [] }, { out: () => {}, err: () => {} });
      await assert
        .rejects(
          asked,
          (error) => error instanceof UsageError && /ended before the command did/.test(error.message),
        )
        .finally(() => server.close());
    }
  }));

test("a long output waits for whoever reads it", () =>
  inDir(async (dir) => {
    const path = join(dir, "s.sock");
    const LINES = 2000;
    let sent = 0;
    const server = await listenControl(path, async (_request, answer) => {
      for (; sent < LINES; sent++) await answer({ out: "x".repeat(10_000) });
      await answer({ exit: 0 });
    });
    const socket = createConnection(path);
    try {
      socket.write('{"command":"inventory","args":[]}\n');
      for (let i = 0; i < 1000 && sent === 0; i++) await sleep(10);
      // Time to gather more, if it did not wait for its reader.
      await sleep(200);
      assert.ok(sent > 0 && sent < LINES / 2, `${sent} lines gathered while nobody read`);
      // One that goes away leaves nobody waiting.
      socket.destroy();
      for (let i = 0; i < 500 && sent < LINES; i++) await sleep(10);
      assert.equal(sent, LINES);
    } finally {
      socket.destroy();
      await server.close();
    }
  }));

test("a second server on the same directory is refused, also when many start at once", () =>
  inDir(async (dir) => {
    const path = join(dir, "s.sock");
    const starts = await Promise.allSettled(
      Array.from({ length: 8 }, () => listenControl(path, async () => {})),
    );
    const won = starts.filter((s) => s.status === "fulfilled");
    assert.equal(won.length, 1);
    for (const s of starts) if (s.status === "rejected") assert.ok(s.reason instanceof UsageError);
    for (const s of won) await s.value.close();
  }));

test("a stale socket is replaced", () =>
  inDir(async (dir) => {
    const path = join(dir, "s.sock");
    // A socket file whose listener is gone: bind in a throw-away server and steal its file name before it closes.
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(dir, "dead"), resolve));
    const { linkSync } = await import("node:fs");
    linkSync(join(dir, "dead"), path);
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    assert.equal(await isServed(path), false);
    const server = await listenControl(path, async () => {});
    assert.equal(await isServed(path), true);
    await server.close();
  }));
