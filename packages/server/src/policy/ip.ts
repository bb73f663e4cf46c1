/** Address ranges for IpAddress and NotIpAddress: CIDR of either family; a bare address is the range of itself. */
import { isIPv4, isIPv6 } from "node:net";

export interface IpRange {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/** 4 or 16 bytes. An IPv4-mapped IPv6 address is the IPv4 address: a dual-stack socket reports clients that way. */
export function parseIp(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const bytes = ipv6Bytes(text);
  const mapped = bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

function ipv6Bytes(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain =
    dotted === null
      ? text
      : `${dotted[1] ?? ""}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`;
  const [left = "", right] = plain.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return Uint8Array.from(all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}
const hexPair = (high: string | undefined, low: string | undefined): string =>
  ((Number(high) << 8) | Number(low)).toString(16);

export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf("/");
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  if (slash < 0) return { bytes, prefixBits: bytes.length * 8 };
  const bits = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(bits)) return undefined;
  // ::ffff:10.0.0.0/104 counts the 96 bits that the mapping adds.
  const prefixBits = Number(bits) - (bytes.length === 4 && text.includes(":") ? 96 : 0);
  return prefixBits < 0 || prefixBits > bytes.length * 8 ? undefined : { bytes, prefixBits };
}

export function inRange(range: IpRange, address: Uint8Array): boolean {
  if (address.length !== range.bytes.length) return false;
  const whole = range.prefixBits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== range.bytes[i]) return false;
  const rest = range.prefixBits & 7;
  if (rest === 0) return true;
  const shift = 8 - rest;
  return (address[whole] ?? 0) >> shift === (range.bytes[whole] ?? 0) >> shift;
}
