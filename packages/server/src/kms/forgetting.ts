/**
 * Material that one process removed leaves the memory of all. Nothing uses it any more (every use reads the key's record),
 * but a certificate of erasure says more than that. Each process looks at one mark a second, and at its materials only when
 * the mark has changed.
 */
import { IntegrityError } from "../base/errors.ts";
import { type AccountId, parseAccountId } from "../base/ids.ts";
import type { Kernel } from "./kernel.ts";

export class Forgetting {
  readonly #kms: Kernel;
  #seen: string | undefined;
  /** A row read just before its removal may be unwrapped just after a look: after a change there is a second one. */
  #again = false;

  constructor(kms: Kernel) {
    this.#kms = kms;
  }

  /** True where something may have been removed since; what this process held of it is wiped then. */
  async look(): Promise<boolean> {
    const { rows, materials } = this.#kms;
    // Read before the rows: what is removed after this shows at the next look.
    const mark = await rows.removals();
    const changed = mark !== this.#seen;
    if (!changed && !this.#again) return false;
    for (const gone of await rows.withoutRow(materials.held())) materials.forget(gone, gone.id);
    this.#seen = mark;
    this.#again = changed;
    return true;
  }
}

/** Which of these ARNs name keys that are destroyed, or being destroyed. */
export async function destroyedAmong(k: Kernel, arns: readonly string[]): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const arn of arns) {
    const { account, keyId } = splitKeyArn(arn);
    if (await k.rows.isGone(account, keyId)) gone.push(arn);
  }
  return gone;
}

/** A stored ARN's region may be one that the store no longer serves under; the rest names the key. */
export function splitKeyArn(arn: string): { readonly account: AccountId; readonly keyId: string } {
  const [, , , , account = "", resource = ""] = arn.split(":");
  if (!resource.startsWith("key/")) throw new IntegrityError("a stored key ARN does not parse");
  return { account: parseAccountId(account), keyId: resource.slice("key/".length) };
}
