/**
 * A process's side of opening.ts: it asks for its turn to open the store, and holds its commits in the turns of others.
 * Without its parent it must not go on: another parent would not know of it, and let others open while it writes.
 */
import { endUnfitProcess } from "../store/local/fail-stop.ts";
import type { LocalStore } from "../store/local/open.ts";
import { openingOrder, type OpeningMessage } from "./opening.ts";

/** What the turns of others ask of an open store. */
export type Shared = Pick<LocalStore, "hold" | "setAlone">;

const tell = (message: OpeningMessage): void => {
  if (process.connected) process.send?.(message);
};

export class OpeningTurn {
  readonly #mine = Promise.withResolvers<void>();
  #store: Shared | undefined;
  /** By the number of the order to hold. */
  readonly #held = new Map<number, Promise<() => void>>();

  constructor() {
    process.on("message", this.#heard);
    process.on("disconnect", endUnfitProcess);
  }

  /** Resolves when nobody else opens or commits. */
  mine(): Promise<void> {
    tell({ kind: "asks-to-open" });
    return this.#mine.promise;
  }

  /** Ends the turn; `store` holds in the turns of others. */
  opened(store: Shared): void {
    this.#store = store;
    tell({ kind: "has-opened" });
  }

  /** The store is closed. Listeners on the channel to the parent would keep the process alive. */
  end(): void {
    tell({ kind: "has-closed" });
    process.off("message", this.#heard);
    process.off("disconnect", endUnfitProcess);
  }

  readonly #heard = (raw: unknown): void => {
    const { success, data } = openingOrder.safeParse(raw);
    if (!success) return;
    switch (data.kind) {
      case "open":
        this.#mine.resolve();
        break;
      case "hold": {
        this.#store?.setAlone(false);
        const held = this.#store?.hold() ?? Promise.resolve(() => {});
        this.#held.set(data.id, held);
        void held.then(() => tell({ kind: "holds", id: data.id }));
        break;
      }
      case "go-on":
        this.#release(data.id);
        break;
      case "alone":
        this.#store?.setAlone(true);
        break;
    }
  };

  #release(id: number): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    void held?.then((release) => release());
  }
}
