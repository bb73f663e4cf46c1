/**
 * Who opens the store, and when: a process that opens LMDB's file while another commits can take that commit back (ADR
 * 14). The parent lets one process open at a time, and the others hold their commits until it has.
 */
import type { ChildProcess } from "node:child_process";
import { z } from "zod";
import type { Log } from "../base/log.ts";

/** Time for a process to end its running transaction; one that takes longer is stuck on its disk. */
const HOLD_MS = 5_000;
/** After somebody did not hold: the next attempt. */
const RETRY_MS = 500;
/** An opening takes milliseconds; one that takes this long is killed, since the others wait for it. */
const OPEN_MS = 60_000;

/** What a process tells its parent. */
export const openingMessage = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("asks-to-open") }),
  z.strictObject({ kind: z.literal("has-opened") }),
  z.strictObject({ kind: z.literal("holds"), id: z.number() }),
  z.strictObject({ kind: z.literal("has-closed") }),
]);
export type OpeningMessage = z.output<typeof openingMessage>;

/** What it hears. */
export const openingOrder = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("open") }),
  z.strictObject({ kind: z.literal("hold"), id: z.number() }),
  z.strictObject({ kind: z.literal("go-on"), id: z.number() }),
  // Nobody else has the store open. Until the next order to hold.
  z.strictObject({ kind: z.literal("alone") }),
]);
export type OpeningOrder = z.output<typeof openingOrder>;

interface Member {
  readonly child: ChildProcess;
  hasOpened: boolean;
  /** Has been let in, whether or not it has said that it has opened. */
  isIn: boolean;
  /** Has been told so since it last held. */
  knowsAlone: boolean;
  /** Did not hold when it was last told to. */
  isSlow: boolean;
  /** Called with each of its messages, and once when it is gone. */
  heard: (message: OpeningMessage | "gone") => void;
}

export class Openings {
  readonly #log: Log;
  readonly #members = new Set<Member>();
  #last: Promise<void> = Promise.resolve();
  #id = 0;
  /** Processes that wait for their turn, or have it. */
  #openers = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** To be called with every process that may open the store, as soon as it is made. */
  attend(child: ChildProcess): void {
    const member: Member = {
      child,
      hasOpened: false,
      isIn: false,
      knowsAlone: false,
      isSlow: false,
      heard: () => {},
    };
    this.#members.add(member);
    child.on("message", (raw) => {
      const { success, data } = openingMessage.safeParse(raw);
      if (!success) return;
      if (data.kind === "asks-to-open") {
        this.#openers++;
        this.#last = this.#last
          .then(() => this.#letOpen(member))
          .then(() => {
            this.#openers--;
            this.#tellIfAlone();
          });
        return;
      }
      if (data.kind === "has-opened") member.hasOpened = true;
      // It may live on, until somebody has read what it wrote.
      if (data.kind === "has-closed") {
        member.hasOpened = false;
        member.isIn = false;
      }
      member.heard(data.kind === "has-closed" ? "gone" : data);
      this.#tellIfAlone();
    });
    const gone = (): void => {
      this.#members.delete(member);
      member.heard("gone");
      this.#tellIfAlone();
    };
    child.once("exit", gone);
    // Also for a message that could not be sent.
    child.on("error", () => {
      if (child.pid === undefined) gone();
    });
  }

  /** Nobody is on the way in, so whoever comes next makes it hold first, after this order. */
  #tellIfAlone(): void {
    if (this.#openers > 0) return;
    const [first, second] = [...this.#members].filter((m) => m.isIn);
    if (first === undefined || second !== undefined || !first.hasOpened || first.knowsAlone) return;
    first.knowsAlone = true;
    order(first.child, { kind: "alone" });
  }

  async #letOpen(opener: Member): Promise<void> {
    while (this.#members.has(opener)) {
      const id = ++this.#id;
      const others = [...this.#members].filter((m) => m !== opener && m.hasOpened);
      // Those that did not hold before come first: the others need not stand still for an attempt that fails again.
      const isQuiet =
        (await this.#holdAll(
          others.filter((m) => m.isSlow),
          id,
        )) &&
        (await this.#holdAll(
          others.filter((m) => !m.isSlow),
          id,
        ));
      if (isQuiet) await this.#open(opener);
      for (const { child } of others) order(child, { kind: "go-on", id });
      if (isQuiet) return;
      this.#log.warn("a process waits to open the store: another does not come to the end of a write");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  async #holdAll(members: readonly Member[], id: number): Promise<boolean> {
    const held = await Promise.all(members.map((m) => this.#hold(m, id)));
    return held.every(Boolean);
  }

  /** Whether it holds; one that is gone does. */
  async #hold(member: Member, id: number): Promise<boolean> {
    const held = until(
      member,
      HOLD_MS,
      (message) => message === "gone" || (message.kind === "holds" && message.id === id),
    );
    member.knowsAlone = false;
    order(member.child, { kind: "hold", id });
    const isHeld = !this.#members.has(member) || (await held);
    member.isSlow = !isHeld;
    return isHeld;
  }

  async #open(opener: Member): Promise<void> {
    const opened = until(opener, OPEN_MS, (message) => message === "gone" || message.kind === "has-opened");
    opener.isIn = true;
    order(opener.child, { kind: "open" });
    if (this.#members.has(opener) && !(await opened)) {
      this.#log.error("a process did not come to the end of opening the store, and is killed");
      opener.child.kill("SIGKILL");
    }
  }
}

function order(child: ChildProcess, message: OpeningOrder): void {
  // One that is going away is heard of by its exit.
  if (child.connected) child.send(message, () => undefined);
}

/** False if nothing it hears within `ms` will do. */
function until(
  member: Member,
  ms: number,
  willDo: (message: OpeningMessage | "gone") => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (outcome: boolean): void => {
      clearTimeout(timer);
      member.heard = () => {};
      resolve(outcome);
    };
    const timer = setTimeout(() => end(false), ms);
    timer.unref();
    member.heard = (message) => {
      if (willDo(message)) end(true);
    };
  });
}
