/** A read-only map that is built when somebody looks into it. */
import type { ConditionValues } from "../../base/access.ts";

type Value = string | readonly string[];

export class LazyConditions implements ConditionValues {
  readonly #build: () => ConditionValues;
  #built: ConditionValues | undefined;

  constructor(build: () => ConditionValues) {
    this.#build = build;
  }

  #values(): ConditionValues {
    this.#built ??= this.#build();
    return this.#built;
  }
  get size(): number {
    return this.#values().size;
  }
  get(key: string): Value | undefined {
    return this.#values().get(key);
  }
  has(key: string): boolean {
    return this.#values().has(key);
  }
  forEach(callback: (value: Value, key: string, map: ConditionValues) => void): void {
    this.#values().forEach(callback);
  }
  entries(): MapIterator<[string, Value]> {
    return this.#values().entries();
  }
  keys(): MapIterator<string> {
    return this.#values().keys();
  }
  values(): MapIterator<Value> {
    return this.#values().values();
  }
  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.#values()[Symbol.iterator]();
  }
}
