/**
 * Records on their way into a frame. They are bytes and numbers from the moment they are taken over: texts that wait for
 * the disk would be carried along by every collection of garbage, which costs more than writing them.
 */
import type { RecordFacts } from "./facts.ts";
import { BodyBuilder } from "./format.ts";
import { FrameFacts } from "./index-builder.ts";

export interface TrailRecord {
  /** One JSON object. */
  readonly text: string;
  readonly timeMs: number;
  /** What it is found by. */
  readonly facts: RecordFacts;
}

export class WaitingFrame {
  readonly body = new BodyBuilder();
  readonly facts = new FrameFacts();
  chars = 0;

  add({ text, timeMs, facts }: TrailRecord): void {
    this.body.add(text);
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
