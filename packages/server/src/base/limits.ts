/** Every limit has a name and stands here; nothing else invents one. Bytes unless the name says otherwise. */
export const KEY_BYTES_MAX = 1024;
/** An escaped object key (NUL becomes 00 FF) that exceeds this is KeyTooLongError: the row key must fit the store. */
export const ESCAPED_KEY_BYTES_MAX = 1150;
export const ROW_KEY_BYTES_MAX = 1200;
export const COMMIT_CONDITIONS_MAX = 32;
export const COMMIT_WRITES_MAX = 64;
export const COMMIT_BYTES_MAX = 256 * 1024;
export const SEGMENT_BYTES = 64 * 1024;
/** Stored bytes of a stream up to which it lives in the record store rather than in a file of its own. */
export const INLINE_BYTES_MAX = 36 * 1024;
export const PUT_BYTES_MAX = 5 * 1024 ** 3;
export const PART_BYTES_MIN = 5 * 1024 ** 2;
export const PART_BYTES_MAX = 5 * 1024 ** 3;
export const PARTS_MAX = 10_000;
export const OBJECT_BYTES_MAX = 50 * 1000 ** 4;
export const USER_METADATA_BYTES_MAX = 2048;
export const HEADER_SECTION_BYTES_MAX = 32 * 1024;
export const XML_BODY_BYTES_MAX = 2 * 1024 ** 2;
export const POLICY_BYTES_MAX = 20 * 1024;
export const FORM_FIELDS_BYTES_MAX = 64 * 1024;
export const LIST_KEYS_MAX = 1000;
export const DELETE_KEYS_MAX = 1000;
export const OBJECT_TAGS_MAX = 10;
export const BUCKET_TAGS_MAX = 50;
export const BUCKETS_PER_ACCOUNT_MAX = 10_000;
/** Streams (parts) that stand in a manifest itself; beyond, pages of {@link STREAM_PAGE_ENTRIES}. */
export const MANIFEST_STREAMS_MAX = 16;
export const STREAM_PAGE_ENTRIES = 256;
export const COMMIT_RETRIES_MAX = 20;
/** Policies. A bucket policy is bounded by {@link POLICY_BYTES_MAX}; the rest by kind, in bytes as received. */
export const KEY_POLICY_BYTES_MAX = 32_768;
/** Document bounds of the IAM API; the quotas in characters without white space are IAM's own. */
export const IDENTITY_POLICY_BYTES_MAX = 131_072;
export const POLICY_DEPTH_MAX = 10;
export const POLICY_STATEMENTS_MAX = 500;
/** Actions, resources, principals and condition values of one document together. */
export const POLICY_VALUES_MAX = 5000;
/** Comparisons of wildcard matching that one decision may cost; beyond, it denies. About ten milliseconds. */
export const DECISION_STEPS_MAX = 4_000_000;
