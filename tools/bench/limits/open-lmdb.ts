/** LMDB as the store opens it: durable before it answers. */
import { type Database, open } from "lmdb";

export function openDb(path: string): Database<Buffer, Buffer> {
  // The type of lmdb's options does not know noReadAhead; a variable passes, a literal would not.
  const options = {
    path,
    overlappingSync: false,
    noReadAhead: true,
    keyEncoding: "binary",
    encoding: "binary",
  } as const;
  return open<Buffer, Buffer>(options);
}
