/**
 * Records on their way into a frame. They are bytes and numbers from the moment they are taken over: texts that wait for
 * the disk would be carried along by every collection of garbage, which costs more than writing them.
 */
import type { RecordFacts } from "./facts.ts";
import { BodyBuilder } from "./format.ts";
import { FrameFacts } from "./index-builder.ts";
import type { Template } from "./template.ts";

export interface TrailRecord {
  /** One JSON object, or the values that fill `template`. */
  readonly text: string;
  readonly template?: Template;
  readonly timeMs: number;
  /** What it is found by. */
  readonly facts: RecordFacts;
}

export class WaitingFrame {
  readonly body = new BodyBuilder();
  readonly facts = new FrameFacts();
  chars = 0;

  add({ text, template, timeMs, facts }: TrailRecord): void {
    this.body.add(text, template);
    this.facts.add(facts, timeMs);
    this.chars += text.length;
  }

  /** For the next records. */
  clear(): void {
    this.body.begin();
    this.facts.clear();
    this.chars = 0;
  }
}
