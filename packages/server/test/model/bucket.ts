/** What a bucket holds, in maps and arrays: the rules of S3 for versions as plainly as they can be written. */

export type Versioning = "unversioned" | "enabled" | "suspended";

export interface Stored {
  readonly kind: "object";
  readonly body: Buffer;
  /** Encrypted under the customer's key. */
  readonly ssec: boolean;
  readonly note: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly etag: string;
}
export type Content = Stored | { readonly kind: "marker" };
export type Version = Content & { readonly id: string };

export const NULL = "null";

export interface ListedVersion {
  readonly key: string;
  readonly id: string;
  readonly latest: boolean;
  readonly marker: boolean;
}

export class ModelBucket {
  versioning: Versioning = "unversioned";
  /** Newest first. */
  readonly #keys = new Map<string, readonly Version[]>();

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  versions(key: string): readonly Version[] {
    return this.#keys.get(key) ?? [];
  }

  /** The current object; undefined where there is none or a marker. */
  current(key: string): (Stored & { readonly id: string }) | undefined {
    const [newest] = this.versions(key);
    return newest?.kind === "object" ? newest : undefined;
  }

  find(key: string, id: string): Version | undefined {
    return this.versions(key).find((version) => version.id === id);
  }

  set(key: string, versions: readonly Version[]): void {
    if (versions.length === 0) this.#keys.delete(key);
    else this.#keys.set(key, versions);
  }

  /** `id`: as the store named it; only where versioning is enabled does it name any but null. */
  insert(key: string, content: Content, id: string): void {
    const kept = this.versions(key).filter((version) => id !== NULL || version.id !== NULL);
    this.set(key, [{ ...content, id }, ...kept]);
  }

  remove(key: string, id: string): void {
    this.set(
      key,
      this.versions(key).filter((version) => version.id !== id),
    );
  }

  replace(key: string, id: string, change: Partial<Stored>): void {
    this.set(
      key,
      this.versions(key).map((version) =>
        version.id === id && version.kind === "object" ? { ...version, ...change } : version,
      ),
    );
  }

  /** In the order of UTF-8 bytes. */
  get keys(): readonly string[] {
    return [...this.#keys.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  list(prefix: string, delimiter: string): readonly string[] {
    const shown = new Set<string>();
    for (const key of this.keys) {
      if (!key.startsWith(prefix) || this.current(key) === undefined) continue;
      const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      shown.add(at < 0 ? key : `group ${key.slice(0, at + delimiter.length)}`);
    }
    return [...shown];
  }

  listVersions(): readonly ListedVersion[] {
    return this.keys.flatMap((key) =>
      this.versions(key).map(({ id, kind }, i) => ({ key, id, latest: i === 0, marker: kind === "marker" })),
    );
  }
}
