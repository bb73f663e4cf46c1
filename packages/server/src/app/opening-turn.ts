/** A process's side of opening.ts: it asks for its turn to open the store, and holds its commits in the turns of others. */
import { openingOrder, type OpeningMessage } from "./opening.ts";

/** Resolves when no commit runs any more; none begins until what it resolves with is called. */
export type Hold = () => Promise<() => void>;

const tell = (message: OpeningMessage): void => {
  if (process.connected) process.send?.(message);
};

export class OpeningTurn {
  readonly #mine = Promise.withResolvers<void>();
  #hold: Hold | undefined;
  /** By the number of the order to hold. */
  readonly #held = new Map<number, Promise<() => void>>();

  constructor() {
    process.on("message", this.#heard);
    process.on("disconnect", this.#alone);
  }

  /** Resolves when nobody else opens or commits. Without a parent to ask, that is now. */
  mine(): Promise<void> {
    if (process.connected) tell({ kind: "asks-to-open" });
    else this.#mine.resolve();
    return this.#mine.promise;
  }

  /** Ends the turn; `hold` serves the turns of others. */
  opened(hold: Hold): void {
    this.#hold = hold;
    tell({ kind: "has-opened" });
  }

  /** The store is closed. Listeners on the channel to the parent would keep the process alive. */
  end(): void {
    process.off("message", this.#heard);
    process.off("disconnect", this.#alone);
  }

  readonly #heard = (raw: unknown): void => {
    const { success, data } = openingOrder.safeParse(raw);
    if (!success) return;
    switch (data.kind) {
      case "open":
        this.#mine.resolve();
        break;
      case "hold": {
        const held = this.#hold?.() ?? Promise.resolve(() => {});
        this.#held.set(data.id, held);
        void held.then(() => tell({ kind: "holds", id: data.id }));
        break;
      }
      case "go-on":
        this.#release(data.id);
        break;
    }
  };

  /** Without a parent there is nobody who could open, and nobody who would say go on. */
  readonly #alone = (): void => {
    this.#mine.resolve();
    for (const id of this.#held.keys()) this.#release(id);
  };

  #release(id: number): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    void held?.then((release) => release());
  }
}
