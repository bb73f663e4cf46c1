/**
 * Root key providers. The root key seals the keyring and nothing else; it lies outside the store and is never in a
 * backup. A provider holds one key, or two while the root key is being changed; start tries both.
 *
 * `file:PATH`: text, one line `strongroom-root-key:v1:<generation>:<base64 of 32 bytes>`, made with mode 0600.
 * `passphrase:PATH`: PATH holds the passphrase; `<data>/root.salt` holds the scrypt parameters (not secret).
 */
import { randomBytes, scryptSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SecretKey } from "@strongroom/crypto";
import { z } from "zod";
import type { RootKey } from "../store/keyring.ts";
import { syncDirectory } from "../store/local/file.ts";
import { UsageError } from "./config.ts";
import type { DataDir } from "./data-dir.ts";
import { moveIfThere, writeDurably } from "./key-files.ts";
import { refuseIfReadableByOthers } from "./secret-file.ts";

export interface RootKeyProvider {
  /** As given by the operator, for messages. */
  readonly name: string;
  /** Present keys, the settled one first. Empty on a first start. Throws UsageError for a key that is malformed or readable by others. */
  load(): readonly RootKey[];
  /** Makes and syncs the first key. Never overwrites. */
  create(): RootKey;
  /** Stores and syncs a key of the next generation beside the present one (root-key change, step 1). */
  prepareNext(): RootKey;
  /** The next key has sealed the keyring: it takes the present one's place (step 3). Nothing if there is none, or done. */
  settle(generation: number): void;
  /** Files that the key can't be made without and that are no secret: a backup takes them along. */
  publicFiles(): readonly string[];
}

const KEY_LINE = /^strongroom-root-key:v1:([0-9]{1,9}):([A-Za-z0-9+/]{43}=)\s*$/;

function zeroed(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 0);
}

function fileProvider(path: string): RootKeyProvider {
  const next = `${path}.next`;
  const read = (from: string): RootKey => {
    refuseIfReadableByOthers(from);
    const match = KEY_LINE.exec(readFileSync(from, "utf8"));
    const bytes = Buffer.alloc(32);
    const written = match === null ? 0 : bytes.write(match[2] ?? "", "base64");
    if (match === null || written !== 32 || zeroed(bytes)) {
      throw new UsageError(
        `${from} does not hold a root key (one line, strongroom-root-key:v1:<generation>:<base64 of 32 bytes>). Put back the copy you kept elsewhere.`,
      );
    }
    const key = SecretKey.fromBytes("root", bytes);
    bytes.fill(0);
    return { generation: Number(match[1]), key };
  };
  const write = (to: string, generation: number): RootKey => {
    const bytes = randomBytes(32);
    writeDurably(to, `strongroom-root-key:v1:${generation}:${bytes.toString("base64")}\n`);
    const key = SecretKey.fromBytes("root", bytes);
    bytes.fill(0);
    return { generation, key };
  };
  return {
    name: `file:${path}`,
    load: () => [path, next].filter((p) => existsSync(p)).map(read),
    create: () => write(path, 1),
    prepareNext: () => (existsSync(next) ? read(next) : write(next, read(path).generation + 1)),
    settle(generation) {
      if (!existsSync(next) || read(next).generation !== generation) return;
      // The present key may have sealed the keyring: of one generation only one does.
      if (read(path).generation >= generation) return;
      moveIfThere(next, path);
      syncDirectory(dirname(path));
    },
    publicFiles: () => [],
  };
}

const saltFile = z.strictObject({
  kdf: z.literal("scrypt"),
  generation: z.number().int().min(1),
  log2N: z.number().int().min(15).max(22),
  r: z.number().int().min(8).max(16),
  p: z.number().int().min(1).max(8),
  salt: z.base64().length(44),
});

/** 128 MiB and a few hundred milliseconds a guess (RFC 7914; OWASP's first choice of parameters). */
const SCRYPT = { kdf: "scrypt", log2N: 17, r: 8, p: 1 } as const;

function passphraseProvider(passphraseFile: string, saltPath: string): RootKeyProvider {
  const next = `${saltPath}.next`;
  const nextPassphrase = `${passphraseFile}.next`;
  const passphrase = (from: string): Buffer => {
    if (!existsSync(from)) throw new UsageError(`the passphrase file ${from} is not there`);
    refuseIfReadableByOthers(from);
    const text = readFileSync(from);
    let end = text.length;
    while (end > 0 && (text[end - 1] === 10 || text[end - 1] === 13)) end--;
    if (end < 12) throw new UsageError(`the passphrase in ${from} is shorter than 12 bytes`);
    return text.subarray(0, end);
  };
  const derive = (secretFile: string, parameters: z.output<typeof saltFile>): RootKey => {
    const secret = passphrase(secretFile);
    const bytes = scryptSync(secret, Buffer.from(parameters.salt, "base64"), 32, {
      N: 2 ** parameters.log2N,
      r: parameters.r,
      p: parameters.p,
      maxmem: 256 * 2 ** parameters.log2N * parameters.r,
    });
    secret.fill(0);
    const key = SecretKey.fromBytes("root", bytes);
    bytes.fill(0);
    return { generation: parameters.generation, key };
  };
  const read = (from: string): z.output<typeof saltFile> => {
    const parsed = saltFile.safeParse(parseJson(readFileSync(from, "utf8")));
    if (!parsed.success)
      throw new UsageError(`${from} does not hold scrypt parameters. Put back the copy you kept elsewhere.`);
    return parsed.data;
  };
  const write = (to: string, generation: number): z.output<typeof saltFile> => {
    const parameters = { ...SCRYPT, generation, salt: randomBytes(32).toString("base64") };
    writeDurably(to, `${JSON.stringify(parameters)}\n`);
    return parameters;
  };
  return {
    name: `passphrase:${passphraseFile}`,
    load() {
      const keys: RootKey[] = [];
      if (existsSync(saltPath)) keys.push(derive(passphraseFile, read(saltPath)));
      if (existsSync(next))
        keys.push(derive(existsSync(nextPassphrase) ? nextPassphrase : passphraseFile, read(next)));
      return keys;
    },
    create: () => derive(passphraseFile, write(saltPath, 1)),
    prepareNext() {
      if (!existsSync(nextPassphrase)) {
        throw new UsageError(
          `put the new passphrase into ${nextPassphrase} (mode 0600), then run this again`,
        );
      }
      return derive(
        nextPassphrase,
        existsSync(next) ? read(next) : write(next, read(saltPath).generation + 1),
      );
    },
    settle(generation) {
      if (!existsSync(next) || read(next).generation !== generation) return;
      if (read(saltPath).generation >= generation) return;
      // In this order: between the two the new passphrase stands in the old one's place, where `load` finds it.
      moveIfThere(nextPassphrase, passphraseFile);
      moveIfThere(next, saltPath);
      syncDirectory(dirname(passphraseFile));
      syncDirectory(dirname(saltPath));
    },
    publicFiles: () => [saltPath, next].filter((path) => existsSync(path)),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `file:PATH`, `passphrase:PATH`, or the default, a key file in the data directory. */
export function rootKeyProvider(setting: string | undefined, dir: DataDir): RootKeyProvider {
  if (setting === undefined) return fileProvider(dir.rootKeyFile);
  const at = setting.indexOf(":");
  const path = resolve(setting.slice(at + 1));
  return setting.startsWith("file:") ? fileProvider(path) : passphraseProvider(path, dir.passphraseSaltFile);
}
