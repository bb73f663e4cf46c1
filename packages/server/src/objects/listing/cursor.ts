/** One table's rows and groups in order, read ahead in pieces. Three of them make a list of versions. */
import type { GroupItem, Groups, Store } from "../../store/port.ts";

export interface Position {
  readonly after: Uint8Array;
  readonly afterIsGroup: boolean;
}

export class Cursor {
  readonly table: Groups["table"];
  readonly #store: Store;
  readonly #groups: Omit<Groups, "limit" | "after" | "afterIsGroup" | "table">;
  #items: readonly GroupItem[] = [];
  #at = 0;
  #more = true;
  #position: Position | undefined;

  constructor(
    store: Store,
    table: Groups["table"],
    groups: Omit<Groups, "limit" | "after" | "afterIsGroup" | "table">,
    from: Position | undefined,
  ) {
    this.#store = store;
    this.table = table;
    this.#groups = groups;
    this.#position = from;
  }

  /** The next item without taking it; undefined at the end. */
  get head(): GroupItem | undefined {
    return this.#items[this.#at];
  }

  take(): void {
    this.#at++;
  }

  /** Must be called before `head` is trusted to be the end. */
  async fill(limit: number): Promise<void> {
    if (this.#at < this.#items.length || !this.#more) return;
    const page = await this.#store.groups({
      ...this.#groups,
      table: this.table,
      ...(this.#position === undefined ? {} : this.#position),
      limit,
    });
    this.#items = page.items;
    this.#at = 0;
    this.#more = page.more;
    const last = page.items.at(-1);
    if (last !== undefined) this.#position = positionOf(last);
  }
}

export const keyOfItem = (item: GroupItem): Uint8Array => (item.kind === "row" ? item.row.key : item.prefix);

export const positionOf = (item: GroupItem): Position => ({
  after: keyOfItem(item),
  afterIsGroup: item.kind === "group",
});
