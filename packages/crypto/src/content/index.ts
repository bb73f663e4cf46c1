/** Entry `@strongroom/crypto/content`: the content ciphers of client-side encryption on Node and Bun. */
export * from "./bytes.ts";
export { unwrapRfc3394 } from "./key-wrap.ts";
export { nodeCipher } from "./node.ts";
export type * from "./port.ts";
export { decodeOaep, decodePkcs1 } from "./rsa-padding.ts";
