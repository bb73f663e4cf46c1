/**
 * This package in a real browser: a page of another origin puts and gets encrypted objects, with the bucket's CORS rules
 * in between; then the README's example for pages, as it stands there. What the page wrote is read in this process too.
 *
 *     node packages/client/interop/browser/main.ts
 *
 * Fails where no Chromium is installed.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CreateBucketCommand, GetObjectCommand, PutBucketCorsCommand, S3Client } from "@aws-sdk/client-s3";
import { build } from "esbuild";
import { RawAesKeyring, S3EncryptionClient } from "../../src/index.ts";
import { readmeCors, readmeExample } from "../../test/readme.ts";
import { ownStore } from "../store.ts";
import { findBrowser } from "./chromium.ts";

const PAGE_MS_MAX = 90_000;

async function bundle(contents: string): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    platform: "browser",
    write: false,
  });
  return result.outputFiles[0]?.text ?? "";
}

/** Tells what stands in the page's body in the end, or what went wrong. */
const WATCH = `const tell = (text) => fetch("/told", { method: "POST", body: text });
addEventListener("error", (e) => tell("FAILED " + e.message));
addEventListener("unhandledrejection", (e) => tell("FAILED " + e.reason));
const timer = setInterval(() => {
  const text = document.body.textContent.trim();
  if (text !== "") { clearInterval(timer); tell(text); }
}, 50);`;

const browser = findBrowser();
const store = await ownStore();
const s3 = new S3Client({ endpoint: store.endpoint, region: store.region, forcePathStyle: true });
const session = {
  endpoint: store.endpoint,
  region: store.region,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "",
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "",
  },
  bucket: "page",
  closedBucket: "closed",
  key: [...randomBytes(32)],
};
const scripts = new Map<string, string>([
  ["suite", await bundle(readFileSync(join(import.meta.dirname, "page.ts"), "utf8"))],
  ["readme", await bundle(readmeExample("browser"))],
]);

let told = Promise.withResolvers<string>();
async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of req) text += String(chunk);
  return text;
}
const pages = createServer((req, res) => {
  const name = (req.url ?? "/").slice(1);
  if (name === "told") {
    void bodyOf(req).then(told.resolve, told.reject);
    res.end();
  } else if (name === "session") {
    res.setHeader("Content-Type", "application/json").end(JSON.stringify(session));
  } else if (name.endsWith(".js")) {
    res.setHeader("Content-Type", "text/javascript").end(scripts.get(name.slice(0, -".js".length)));
  } else if (scripts.has(name)) {
    const page = `<!doctype html><head><script>${WATCH}</script><script type="module" src="/${name}.js"></script></head><body></body>`;
    res.setHeader("Content-Type", "text/html").end(page);
  } else res.writeHead(404).end();
});
pages.listen(0, "127.0.0.1");
await once(pages, "listening");
const address = pages.address();
assert.ok(address !== null && typeof address === "object");
const origin = `http://127.0.0.1:${address.port}`;

async function textOf(page: string): Promise<string> {
  told = Promise.withResolvers();
  const opened = await browser.open(`${origin}/${page}`);
  const timer = setTimeout(() => told.resolve("FAILED the page says nothing"), PAGE_MS_MAX);
  try {
    return await told.promise;
  } finally {
    clearTimeout(timer);
    await opened.close();
  }
}

let text: string;
try {
  for (const Bucket of [session.bucket, session.closedBucket, "docs"])
    await s3.send(new CreateBucketCommand({ Bucket }));
  const CORSConfiguration = readmeCors(origin);
  for (const Bucket of [session.bucket, "docs"])
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }));
  text = await textOf("suite");
  const shown = await textOf("readme");
  text += `\n${shown === "for my eyes only" ? "ok" : `FAILED "${shown}" in`} the README's example`;
  const here = new S3EncryptionClient({
    client: s3,
    keyring: new RawAesKeyring({ key: Uint8Array.from(session.key) }),
  });
  const { Body } = await here.send(new GetObjectCommand({ Bucket: session.bucket, Key: "aes/16" }));
  assert.equal((await Body?.transformToByteArray())?.length, 16);
  text += "\nok what the page wrote is read outside of it";
} finally {
  s3.destroy();
  pages.closeAllConnections();
  pages.close();
  await store.stop();
}
const lines = text.split("\n");
const failed = lines.filter((line) => !line.startsWith("ok ")).length;
const size = gzipSync(scripts.get("readme") ?? "").length;
console.log(`${browser.version}; the README's page, SDK included: ${size} bytes gzipped\n${text}`);
console.log(`${lines.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
