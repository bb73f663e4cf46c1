/**
 * RSA keys are made one at a time: each keeps a thread of the platform's pool busy for up to seconds, and reads of blobs
 * wait for the same few threads. A process has one pool, so it has one queue.
 */
import { type KeyPair, type KeyPairSpec, newKeyPair } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import { RSA_TURNS_MAX } from "../base/limits.ts";

let asked = 0;
let last: Promise<unknown> = Promise.resolve();

/** Throws ThrottlingException when too many wait, and at its turn for a caller who has gone. */
export function inRsaTurn<T>(work: () => Promise<T>, isGone: () => boolean = () => false): Promise<T> {
  if (asked >= RSA_TURNS_MAX) fail("ThrottlingException");
  asked++;
  const made = last.then(() => (isGone() ? fail("ThrottlingException") : work()));
  const ended = (): void => {
    asked--;
  };
  last = made.then(ended, ended);
  return made;
}

/** Keys of other specs are made in less than a millisecond. */
export async function pairInTurn(spec: KeyPairSpec, isGone?: () => boolean): Promise<KeyPair> {
  return spec.startsWith("RSA_") ? inRsaTurn(() => newKeyPair(spec), isGone) : newKeyPair(spec);
}
