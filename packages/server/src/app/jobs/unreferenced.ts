/**
 * Blobs and rows that nothing refers to. What is there is noted first, then everything that refers to something; what is
 * left over is suspected. A reference can be missed only if it moved meanwhile, so the suspects are looked for again, and
 * those that the running server has removed since are none.
 */
import {
  isPresent,
  otherReferences,
  presentThings,
  type Reference,
  versionReferences,
} from "../../objects/verify-references.ts";
import type { Verified } from "../../objects/verify.ts";
import { asId, type BlobId, type ContentId } from "../../base/ids.ts";
import { bytesOfHex, hexOf } from "../../store/key-order.ts";
import type { Engine } from "../engine.ts";
import { IdSpill } from "./id-spill.ts";
import type { Progress } from "./progress.ts";

/** More than these are not told apart any more: something large is wrong. */
const SUSPECTS_MAX = 100_000;
const LOOKS = 2;

export class UnreferencedSearch {
  readonly #present = { blob: new IdSpill(), content: new IdSpill() };
  readonly #named = { blob: new IdSpill(), content: new IdSpill() };

  /** Before any version is walked. */
  async begin(engine: Engine, progress: Progress): Promise<void> {
    const { core } = engine.objects;
    for await (const { kind, id } of presentThings(core)) {
      this.#present[kind].add(id);
      progress.step("what is there", 0, 0);
    }
    for await (const { kind, id } of otherReferences(core)) this.#named[kind].add(id);
  }

  version(version: Verified): void {
    if (version.contentId !== undefined) this.#named.content.add(version.contentId);
    for (const id of version.blobs) this.#named.blob.add(id);
  }

  async end(engine: Engine): Promise<readonly Reference[]> {
    const suspects = new Map<string, Reference>();
    for (const kind of ["blob", "content"] as const) {
      for (const hex of this.#present[kind].without(this.#named[kind])) {
        suspects.set(`${kind}/${hex}`, referenceOf(kind, hex));
        if (suspects.size >= SUSPECTS_MAX) break;
      }
    }
    const { core } = engine.objects;
    for (let looks = 0; looks < LOOKS && suspects.size > 0; looks++) {
      for await (const { kind, id } of otherReferences(core)) suspects.delete(`${kind}/${hexOf(id)}`);
      for await (const { kind, id } of versionReferences(core)) suspects.delete(`${kind}/${hexOf(id)}`);
    }
    const found: Reference[] = [];
    for (const suspect of suspects.values()) if (await isPresent(core, suspect)) found.push(suspect);
    return found;
  }

  [Symbol.dispose](): void {
    for (const kind of ["blob", "content"] as const) {
      this.#present[kind][Symbol.dispose]();
      this.#named[kind][Symbol.dispose]();
    }
  }
}

const referenceOf = (kind: Reference["kind"], hex: string): Reference =>
  kind === "blob"
    ? { kind, id: asId<BlobId>(bytesOfHex(hex)) }
    : { kind, id: asId<ContentId>(bytesOfHex(hex)) };
