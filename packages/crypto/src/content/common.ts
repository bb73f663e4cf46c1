/** Entry `@strongroom/crypto/common`: what is the same on every platform and needs no cipher of its own. */
export * from "./bytes.ts";
export { isOpenToOthers } from "./key-file.ts";
export { unwrapRfc3394 } from "./key-wrap.ts";
export type * from "./port.ts";
export { decodeOaep, decodePkcs1 } from "./rsa-padding.ts";
