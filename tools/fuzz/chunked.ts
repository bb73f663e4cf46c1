/** aws-chunked framing. The first byte chooses the mode and the cuts; the rest is the body. */
import { ServiceError } from "../../packages/server/src/base/errors.ts";
import { ChunkedDecoder } from "../../packages/server/src/auth/aws-chunked.ts";
import { type FuzzTarget, invariant, seeds } from "./target.ts";

const SIZE = 9;

function decode(body: Uint8Array, trailing: boolean, step: number): string {
  const decoder = new ChunkedDecoder({
    size: SIZE,
    trailing,
    trailers: trailing ? ["x-amz-checksum-crc32"] : [],
  });
  const out: Uint8Array[] = [];
  try {
    for (let at = 0; at < body.length; at += step) decoder.push(body.subarray(at, at + step), out);
    decoder.end();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    invariant(Buffer.concat(out).length <= SIZE, "never more than the declared size");
    return error.code;
  }
  const data = Buffer.concat(out);
  invariant(data.length === SIZE, "a good end means the declared size");
  invariant(decoder.trailers().size === (trailing ? 1 : 0), "all announced trailers are there");
  return `${data.toString("latin1")}|${JSON.stringify([...decoder.trailers()])}`;
}

export function fuzzChunked(bytes: Uint8Array): void {
  const [choice = 0] = bytes;
  const body = bytes.subarray(1);
  const trailing = (choice & 1) === 1;
  const whole = decode(body, trailing, Math.max(body.length, 1));
  invariant(whole === decode(body, trailing, 1 + (choice >> 1)), "the answer does not depend on the cuts");
}

export const target: FuzzTarget = {
  seeds: seeds(
    "\x009\r\nabcdefghi\r\n0\r\n\r\n",
    "\x039\r\nabcdefghi\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
    "\x0109\r\nabcdefghi\r\n0\r\nX-Amz-Checksum-Crc32 : AAAAAA==\r\n\r\n",
  ),
  words: ["\r\n", "0\r\n", "9\r\n", ";chunk-signature=", "x-amz-checksum-crc32:", "ffffffffffffffff", ":"],
  run: fuzzChunked,
};
