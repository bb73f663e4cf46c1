/**
 * Speed and memory of streaming through this package, beside its parts and the official Java client, in one run:
 *
 *     npm run bench -w packages/client -- [--mib 1024] [--runs 3] [--without-java]
 *
 * Every measurement is a process of its own against a sink that does nothing. The target: no more than 10 % above raw
 * AES-GCM plus the plain SDK. CPU seconds are those of the client's process; a busy machine disturbs them least.
 */
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { buildDriver, RECIPES } from "../toolchains.ts";
import { BENCH_KEY, type Measured, median } from "./parts.ts";

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "1024" },
    runs: { type: "string", default: "3" },
    "without-java": { type: "boolean", default: false },
  },
});
const [mib, runs] = [Number(values.mib), Number(values.runs)];
const SMALL_MIB = 128;
const here = (name: string): string => join(import.meta.dirname, name);

const sink = spawn(process.execPath, [here("sink.ts")], { stdio: ["ignore", "pipe", "inherit"] });
const [line] = await once(createInterface({ input: sink.stdout }), "line");
const endpoint = String(line);

async function measure(what: string, size = mib): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    here("measure.ts"),
    what,
    endpoint,
    String(size),
  ]);
  return JSON.parse(stdout);
}

/** The Java client, in one process that has been warmed up. */
async function java(): Promise<{ put: Measured; get: Measured } | string> {
  const recipe = RECIPES.find(({ name }) => name === "java-4");
  if (recipe === undefined) return "no recipe";
  const built = buildDriver(recipe, join(tmpdir(), "s3ec-interop"));
  if (!("command" in built)) return built.why;
  const [program = "", ...args] = built.command;
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    S3EC_REGION: "us-east-1",
    S3EC_ENDPOINT: endpoint,
    S3EC_KMS_ENDPOINT: endpoint,
    S3EC_KMS_KEY_ID: "none",
    S3EC_AES_KEY_HEX: Buffer.from(BENCH_KEY).toString("hex"),
  };
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (op: string, key: string, size: number): Promise<Measured> => {
    const request = {
      op,
      bucket: "b",
      key,
      keyring: "aes",
      format: "V3",
      placement: "metadata",
      size,
      context: {},
    };
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse((await lines.next()).value ?? "{}");
    if (answer.ok !== true) throw new Error(answer.error);
    return answer;
  };
  try {
    await ask("benchPut", "k", SMALL_MIB);
    const put = await repeat(() => ask("benchPut", "k", mib));
    const get = await repeat(() => ask("benchGet", "keep", mib));
    return { put, get };
  } finally {
    child.stdin.end();
  }
}

async function repeat(once: () => Promise<Measured>): Promise<Measured> {
  const list: Measured[] = [];
  for (let i = 0; i < runs; i++) list.push(await once());
  return median(list);
}

const show = (name: string, m: Measured): void =>
  console.log(
    `${name.padEnd(34)} ${(mib / m.seconds).toFixed(0).padStart(6)} MiB/s ${m.seconds.toFixed(2).padStart(7)} s` +
      `${m.cpuSeconds.toFixed(2).padStart(8)} CPU s ${m.rssMib.toFixed(0).padStart(6)} MiB most`,
  );
const over = (name: string, all: Measured, raw: Measured, plain: Measured): void => {
  const percent = (pick: (m: Measured) => number): string =>
    `${((pick(all) / (pick(raw) + pick(plain)) - 1) * 100).toFixed(1)} %`;
  console.log(
    `${name}: ${percent((m) => m.seconds)} above raw + plain in time, ${percent((m) => m.cpuSeconds)} in CPU`,
  );
};

try {
  // Interleaved: a machine that gets busier disturbs all of them alike.
  const names = [
    "raw-encrypt",
    "plain-put",
    "our-put",
    "raw-decrypt",
    "plain-get",
    "our-get",
    "our-multipart",
  ];
  await measure("fill");
  const all = new Map<string, Measured[]>(names.map((name) => [name, []]));
  for (let i = 0; i < runs; i++) for (const name of names) all.get(name)?.push(await measure(name));
  const of = (name: string): Measured => median(all.get(name) ?? []);
  console.log(`${mib} MiB, median of ${runs} runs, Node ${process.version}`);
  for (const name of names) show(name, of(name));
  if (!values["without-java"]) {
    const figures = await java();
    if (typeof figures === "string") console.log(`java: ${figures}`);
    else {
      show("java-put", figures.put);
      show("java-get (delayed authentication)", figures.get);
    }
  }
  over("put", of("our-put"), of("raw-encrypt"), of("plain-put"));
  over("get", of("our-get"), of("raw-decrypt"), of("plain-get"));
  await measure("fill", SMALL_MIB);
  for (const name of ["our-put", "our-get", "our-multipart"]) {
    const small = await measure(name, SMALL_MIB);
    console.log(
      `${name}: ${small.rssMib.toFixed(0)} MiB of memory for ${SMALL_MIB} MiB, ${of(name).rssMib.toFixed(0)} MiB for ${mib} MiB`,
    );
  }
} finally {
  sink.kill();
}
