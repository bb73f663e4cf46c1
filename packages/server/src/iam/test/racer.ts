/**
 * A process of its own that makes users and keys beside others: `racer.ts DIRECTORY NAME COUNT`, with a channel to its parent.
 * It says that it has opened the store, begins when it is told to, and tells what it won.
 */
import { once } from "node:events";
import { ServiceError } from "../../base/errors.ts";
import { createAccessKey } from "../access-keys.ts";
import { attach, putInline } from "../attachments.ts";
import type { Directory } from "../directory.ts";
import { createUser } from "../users.ts";
import { ACCOUNT, openPlace } from "./place.ts";

export interface Won {
  readonly names: readonly string[];
  readonly keys: readonly string[];
}

/** Half of the users have names that everybody wants; two keys are there to be had. */
export async function race(d: Directory, name: string, count: number): Promise<Won> {
  const names: string[] = [];
  const keys: string[] = [];
  for (let i = 0; i < count; i++) {
    await createUser(d, ACCOUNT, { name: `${name}-${i}`, path: "/", tags: [] });
    await attach(d, ACCOUNT, "User", `${name}-${i}`, "arn:aws:iam::aws:policy/KeyUser");
    if (
      await won(
        () => createUser(d, ACCOUNT, { name: `wanted-${i}`, path: "/", tags: [] }),
        "EntityAlreadyExists",
      )
    )
      names.push(`wanted-${i}`);
    await won(async () => {
      keys.push((await createAccessKey(d, ACCOUNT, { kind: "user", name: "shared" })).accessKeyId);
    }, "LimitExceeded");
    await putInline(d, ACCOUNT, "User", "shared", `${name}-${i % 3}`, POLICY);
  }
  return { names, keys };
}
const POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}';

async function won(attempt: () => Promise<unknown>, lost: string): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (error instanceof ServiceError && error.code === lost) return false;
    throw error;
  }
}

if (import.meta.main) {
  const [, , directory = "", name = "", count = "0"] = process.argv;
  const place = await openPlace(directory);
  process.send?.("opened");
  await once(process, "message");
  process.send?.(await race(place.identities.directory, name, Number(count)));
  await place.close();
  process.disconnect?.();
}
