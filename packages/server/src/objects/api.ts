/**
 * What the API layer asks of the objects layer. Everything here is typed input and output: no header, no XML and no
 * socket crosses it. Errors are ServiceErrors of the catalogue.
 *
 * Order of checks (spec s3-encryption B.6, access 7): the pipeline has authenticated, found the bucket and authorised the
 * caller before any of these functions runs. Header syntax of encryption, SSE-C block, transport, key use, body and
 * preconditions follow inside, in that order.
 *
 * One file per subject stands in `api/`.
 */
export * from "./api/body.ts";
export type * from "./api/buckets.ts";
export type * from "./api/encryption.ts";
export type * from "./api/listing.ts";
export type * from "./api/objects.ts";
export type * from "./api/uploads.ts";
