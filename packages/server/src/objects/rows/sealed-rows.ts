/**
 * Sealed rows of the objects layer: the two calls that everything here needs, and the versions already opened, kept by
 * row and revision. A cached version holds wrapped keys only, never a dek.
 */
import { CryptoError } from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import type { Rev } from "../../base/ids.ts";
import { VERSIONS_CACHED_BYTES_MAX } from "../../base/limits.ts";
import type { Row, Sealed, TableName } from "../../store/port.ts";
import { decodeVersion, type Version } from "./version-record.ts";

export interface SealedRows {
  seal(table: TableName, key: Uint8Array, body: Uint8Array): Sealed;
  /** Throws IntegrityError for a row that does not open where it stands. */
  open(table: TableName, row: Row): Uint8Array;
}

export type VersionTable = "head" | "marker" | "version";

interface Cached {
  readonly rev: Rev;
  readonly version: Version;
}

/** What a cached version costs besides its body: the parsed manifest and the map's own. */
const OVERHEAD_BYTES = 1500;

export class Versions {
  readonly #rows: SealedRows;
  readonly #bytesMax: number;
  readonly #cache = new Map<string, Cached>();
  #bytes = 0;

  constructor(rows: SealedRows, bytesMax = VERSIONS_CACHED_BYTES_MAX) {
    this.#rows = rows;
    this.#bytesMax = bytesMax;
  }

  /** The version in a row. Cached by its revision, which a commit changes whenever it writes the row. */
  open(table: VersionTable, row: Row): Version {
    const name = cacheName(table, row.key);
    const cached = this.#cache.get(name);
    if (cached !== undefined && sameRev(cached.rev, row.rev)) return cached.version;
    // INVARIANT: a copy of its own. What the store hands out may change after this turn, and a cached view would pin it.
    const version = parse(this.#rows.open(table, row));
    if ((version.kind === "marker") !== (table === "marker") && table !== "version") {
      throw new IntegrityError("a version stands in the wrong table");
    }
    this.#keep(name, { rev: row.rev, version });
    return version;
  }

  seal(table: VersionTable, key: Uint8Array, body: Uint8Array): Sealed {
    return this.#rows.seal(table, key, body);
  }

  #keep(name: string, entry: Cached): void {
    const old = this.#cache.get(name);
    if (old !== undefined) {
      this.#cache.delete(name);
      this.#bytes -= old.version.body.length + OVERHEAD_BYTES;
    }
    this.#cache.set(name, entry);
    this.#bytes += entry.version.body.length + OVERHEAD_BYTES;
    while (this.#bytes > this.#bytesMax) {
      const [oldest] = this.#cache;
      if (oldest === undefined) return;
      this.#cache.delete(oldest[0]);
      this.#bytes -= oldest[1].version.body.length + OVERHEAD_BYTES;
    }
  }
}

function parse(body: Uint8Array): Version {
  try {
    return decodeVersion(body);
  } catch (cause) {
    if (cause instanceof CryptoError) throw new IntegrityError("a version record does not parse", cause);
    throw cause;
  }
}

const cacheName = (table: VersionTable, key: Uint8Array): string =>
  (table === "head" ? "h" : table === "marker" ? "m" : "v") +
  Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");

/** Revisions are 16 bytes. */
export function sameRev(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  for (let i = 0; i < 16; i++) if (a[i] !== b[i]) return false;
  return true;
}
