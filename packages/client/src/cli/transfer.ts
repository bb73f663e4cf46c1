/** put, get, cat. `get` writes under a temporary name and renames only what was authenticated. */
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { ignore } from "../platform/web-streams.ts";
import { type CommonOptions, clientOf } from "./client-options.ts";
import type { S3Target } from "./target.ts";
import { uploadStream } from "./upload.ts";

export interface PutOptions extends CommonOptions {
  readonly contentType?: string;
}

export async function putFile(path: string, target: S3Target, options: PutOptions): Promise<number> {
  const source = path === "-" ? process.stdin : createReadStream(path);
  const fields = {
    ...target,
    ...(options.contentType !== undefined && { ContentType: options.contentType }),
  };
  return uploadStream(clientOf(options), fields, source);
}

export async function getFile(target: S3Target, path: string, options: CommonOptions): Promise<void> {
  // Streaming is safe here: nobody sees the file before its tag was checked.
  const client = clientOf(options, { enableDelayedAuthentication: true });
  const { Body } = await client.send(new GetObjectCommand(target));
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await pipeline(
      Body instanceof Readable ? Body : Readable.from([]),
      createWriteStream(temporary, { mode: 0o600 }),
    );
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(ignore);
    throw error;
  }
}

export interface CatOptions extends CommonOptions {
  readonly delayed?: boolean;
  readonly range?: string;
}

export async function catObject(target: S3Target, options: CatOptions): Promise<void> {
  const client = clientOf(options, {
    ...(options.delayed === true && { enableDelayedAuthentication: true }),
    ...(options.range !== undefined && { enableUnauthenticatedRangeGets: true }),
  });
  const range = options.range === undefined ? {} : { Range: `bytes=${options.range}` };
  const { Body } = await client.send(new GetObjectCommand({ ...target, ...range }));
  if (Body instanceof Readable) await pipeline(Body, process.stdout, { end: false });
}
