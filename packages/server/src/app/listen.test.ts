import assert from "node:assert/strict";
import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadSettings } from "./config.ts";
import { openListeners } from "./listen.ts";

test("connections beyond the limit are closed as they come, and taken again when others have ended", async () => {
  const settings = loadSettings({ flags: { listen: "127.0.0.1:0" }, env: {} });
  const listeners = await openListeners(settings, (_, response) => void response.end("served"), {
    connectionsMax: 2,
  });
  const [host = "", port] = (listeners.endpoints["http"] ?? "").split(":");
  const sockets: Socket[] = [];
  /** What a request is answered on a connection of its own, which stays open; nothing where it is closed instead. */
  const asked = async (): Promise<string> => {
    const socket = connect({ host, port: Number(port) });
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
    const closed = once(socket, "close").then(() => "");
    const served = once(socket, "data").then(([bytes]) => String(bytes));
    return Promise.race([served, closed]);
  };
  try {
    assert.match(await asked(), /served/);
    assert.match(await asked(), /served/);
    assert.equal(await asked(), "");
    // Those that are open go on.
    const [first] = sockets;
    first?.write("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
    assert.ok(first && /served/.test(String((await once(first, "data"))[0])));
    first.destroy();
    let again = "";
    for (let i = 0; i < 100 && again === ""; i++) again = await asked();
    assert.match(again, /served/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await listeners.close(100);
  }
});

test("a certificate or key that can't be used is named with its option", async () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-tls-"));
  try {
    const write = (name: string, text: string): string => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    const { privateKey } = generateKeyPairSync("ed25519");
    const key = write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const open = (tlsCert: string, tlsKey: string) => {
      const flags = { listen: "127.0.0.1:0", tlsListen: "127.0.0.1:0", tlsCert, tlsKey };
      return openListeners(loadSettings({ flags, env: {} }), () => undefined);
    };
    await assert.rejects(open(join(dir, "none.pem"), key), /ENOENT.*none\.pem/);
    await assert.rejects(
      open(write("text.pem", "no"), key),
      /text\.pem \(--tls-cert\) does not begin with a cert/,
    );
    await assert.rejects(open(key, key), /key\.pem \(--tls-cert\)/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
