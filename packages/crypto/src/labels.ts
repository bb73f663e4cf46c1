/**
 * Derivation labels (sealed format, section 10). One purpose each; no label is another's prefix, so no input under one
 * can be read as an input under another. INVARIANT: labels of a release never change.
 */
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export const LABELS: Readonly<
  Record<
    | "stream"
    | "part"
    | "complete"
    | "manifest"
    | "envelope"
    | "ssec"
    | "record"
    | "keyrecord"
    | "kms"
    | "import"
    | "materialId"
    | "token"
    | "keyedHash"
    | "trailSegment"
    | "trailIndex"
    | "trailSign",
    Uint8Array
  >
> = {
  stream: ascii("strongroom/v1/stream"),
  part: ascii("strongroom/v1/part"),
  complete: ascii("strongroom/v1/complete"),
  manifest: ascii("strongroom/v1/manifest"),
  envelope: ascii("strongroom/v1/envelope"),
  ssec: ascii("strongroom/v1/ssec"),
  record: ascii("strongroom/v1/record"),
  keyrecord: ascii("strongroom/v1/keyrecord"),
  kms: ascii("strongroom/v1/kms"),
  import: ascii("strongroom/v1/import"),
  materialId: ascii("strongroom/v1/material-id"),
  token: ascii("strongroom/v1/token"),
  keyedHash: ascii("strongroom/v1/hash"),
  trailSegment: ascii("strongroom/v1/trail-segment"),
  trailIndex: ascii("strongroom/v1/trail-index"),
  trailSign: ascii("strongroom/v1/trail-sign"),
};
