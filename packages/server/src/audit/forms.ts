/**
 * Templates in use: what must be equal in two records (their shape), and the template that both fill. A template is taken
 * from a record that was put together in full, and kept only if filling it gives that record back: a text from outside
 * that looks like a slot costs its client the template, not the trail a record.
 */
import { TRAIL_FORM_NAMES_MAX, TRAIL_FORMS_MAX } from "../base/limits.ts";
import type { Columns } from "./facts.ts";
import { fill, SLOT, Template } from "./template.ts";

export interface Form {
  readonly template: Template;
  /** What the index holds of its records. */
  readonly columns: Columns;
}

/** All that its records have in common, in an order of its own. Compared by `===`. */
export type Shape = readonly unknown[];

interface Entry {
  readonly shape: Shape;
  readonly form: Form;
}

export class Forms {
  /** By the bucket or key that they are about; the one used last is first. */
  readonly #entries = new Map<string, Entry[]>();

  find(name: string, shape: Shape): Form | undefined {
    const entries = this.#entries.get(name);
    if (entries === undefined) return undefined;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (entry === undefined || !equal(entry.shape, shape)) continue;
      if (i > 0) {
        entries.splice(i, 1);
        entries.unshift(entry);
      }
      return entry.form;
    }
    return undefined;
  }

  /** `text`: a record in full. `slotted`: the same with a {@link SLOT} for each of `values`, which are joined by it. */
  learn(
    name: string,
    shape: Shape,
    record: {
      readonly text: string;
      readonly slotted: string;
      readonly values: string;
      readonly columns: Columns;
    },
  ): void {
    // Slots inside of JSON texts were escaped on the way.
    const template = new Template(record.slotted.replaceAll(String.raw`\u0000`, SLOT));
    const filled = fill(template.bytes, Buffer.from(record.values));
    if (filled === undefined || Buffer.from(record.text).compare(filled) !== 0) return;
    const entries = this.#entries.get(name) ?? this.#newName(name);
    entries.unshift({ shape, form: { template, columns: record.columns } });
    if (entries.length > TRAIL_FORMS_MAX) entries.pop();
  }

  #newName(name: string): Entry[] {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= TRAIL_FORM_NAMES_MAX) this.#entries.delete(oldest);
    const entries: Entry[] = [];
    this.#entries.set(name, entries);
    return entries;
  }
}

function equal(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
