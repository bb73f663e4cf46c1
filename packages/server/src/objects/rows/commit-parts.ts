/** What a change wants of a commit, gathered from several hands before it is made. */
import type { Expect, Put, RowKey } from "../../store/port.ts";

export interface CommitParts {
  readonly expect: readonly Expect[];
  readonly put: readonly Put[];
  readonly delete: readonly RowKey[];
}

export const NO_PARTS: CommitParts = { expect: [], put: [], delete: [] };

/** A commit being put together. */
export class Gathering {
  readonly expect: Expect[] = [];
  readonly put: Put[] = [];
  readonly delete: RowKey[] = [];

  add(parts: CommitParts): this {
    this.expect.push(...parts.expect);
    this.put.push(...parts.put);
    this.delete.push(...parts.delete);
    return this;
  }

  get parts(): CommitParts {
    return { expect: this.expect, put: this.put, delete: this.delete };
  }
}
