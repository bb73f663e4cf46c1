/**
 * The kinds of values that settings have. Each says what it takes in words that follow "is not": an operator reads them
 * beside what was given. Nothing is guessed: an empty text is no number, and what could never match is refused.
 */
import { isIP, SocketAddress } from "node:net";
import { z } from "zod";

const wanted = (text: string): { readonly error: string } => ({ error: text });

const ADDRESS = "HOST:PORT, for example 127.0.0.1:9000 or [::1]:9000; the port is at most 65535";
export const hostPort = z
  .string(wanted(ADDRESS))
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$/, ADDRESS)
  .transform((text) => {
    const at = text.lastIndexOf(":");
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
  })
  .refine((a) => a.port <= 65535, ADDRESS);
export type HostPort = z.output<typeof hostPort>;
/** As it stands in a URL. */
export const authority = ({ host, port }: HostPort): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** As a number, or as its decimal digits. */
export function count(min: number, max: number) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const error = `a whole number ${range}, in digits`;
  const digits = z.string().regex(/^[0-9]{1,16}$/);
  return z
    .union([z.number(), digits.transform(Number)], { error })
    .pipe(z.int({ error }).min(min, { error }).max(max, { error }));
}

export const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((s) => s === "true")],
  wanted("true or false"),
);

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, wanted(`one of ${values.join(", ")}`));

export const text = (what: string) => z.string(wanted(what)).min(1, what);
export const matching = (pattern: RegExp, what: string) => z.string(wanted(what)).regex(pattern, what);

const separated = (value: unknown): unknown =>
  typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;

/** A list, or its members in one text, separated by commas. `read`: the member as it is compared, or undefined for no such. */
function list(what: string, read: (member: string) => string | undefined) {
  const error = `${what}, separated by commas`;
  const member = z.string({ error }).transform((given, context) => {
    const value = read(given);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
  return z.preprocess(separated, z.array(member, { error }));
}

const HOST_NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
export const domains = list("host names without a port, such as s3.example.com", (name) =>
  HOST_NAME.test(name) ? name.toLowerCase() : undefined,
);

export const hosts = list(
  "host names, with a port if clients sign one, such as store.example.com:8443",
  (host) => (/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$/.test(host) ? host : undefined),
);

/** As sockets name a peer: IPv6 in its short form, with the zone of a link (`%eth0`), and IPv4 that came over IPv6 as IPv4. */
export const addresses = list("addresses, such as 10.0.0.1 or fd00::1 (no names, no ranges)", (given) => {
  if (isIP(given) === 4) return given;
  if (isIP(given) !== 6) return undefined;
  const { address } = new SocketAddress({ address: given, family: "ipv6" });
  if (address.startsWith("::ffff:")) return address.slice("::ffff:".length);
  const zone = given.indexOf("%");
  return zone < 0 ? address : address + given.slice(zone);
});

/** As browsers write them: lower case, no default port, no slash at the end. */
export const origins = list("origins of pages, such as https://app.example, or *", (given) => {
  if (given === "*") return given;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/?#@]+\/?$/.test(given) || !URL.canParse(given)) return undefined;
  const { origin } = new URL(given);
  return origin === "null" ? given.replace(/\/$/, "") : origin;
});
