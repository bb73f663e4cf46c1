/** Entry `@strongroom/crypto/content`: the content ciphers of client-side encryption on Node and Bun. */
export * from "./common.ts";
export { nodeCipher } from "./node.ts";
