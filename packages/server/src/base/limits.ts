/** Every limit has a name and stands here; nothing else invents one. Bytes unless the name says otherwise. */
export const KEY_BYTES_MAX = 1024;
/** An escaped object key (NUL becomes 00 FF) that exceeds this is KeyTooLongError: the row key must fit the store. */
export const ESCAPED_KEY_BYTES_MAX = 1150;
export const ROW_KEY_BYTES_MAX = 1200;
export const ROW_VALUE_BYTES_MAX = 64 * 1024;
export const COMMIT_CONDITIONS_MAX = 32;
export const COMMIT_WRITES_MAX = 64;
export const COMMIT_BYTES_MAX = 256 * 1024;
/** How long those who wait for one sync let others join, while others keep coming. */
export const GROUP_PATIENCE_MS = 2;
/** Stored bytes of a stream up to which it lives in the record store rather than in a file of its own. */
export const INLINE_BYTES_MAX = 36 * 1024;
export const PUT_BYTES_MAX = 5 * 1024 ** 3;
export const PART_BYTES_MIN = 5 * 1024 ** 2;
export const PART_BYTES_MAX = 5 * 1024 ** 3;
export const PARTS_MAX = 10_000;
export const OBJECT_BYTES_MAX = 50 * 1000 ** 4;
export const USER_METADATA_BYTES_MAX = 2048;
/** Names and values of content headers; with the metadata they stay below the 16 KiB that clients read. */
export const CONTENT_HEADERS_BYTES_MAX = 8 * 1024;
export const HEADER_SECTION_BYTES_MAX = 32 * 1024;
export const XML_BODY_BYTES_MAX = 2 * 1024 ** 2;
/** Tags, and blanks and question marks in them: a thousand keys to delete, with all that may be said of each, have 12,000. */
export const XML_MARKS_MAX = 20_000;
/** CompleteMultipartUpload: 10,000 parts with ETag and a checksum have 80,000. */
export const XML_PARTS_MARKS_MAX = 120_000;
/** `&` of a document: those around 10,000 ETags are 20,000. */
export const XML_ENTITIES_MAX = 40_000;
/** One tag or instruction, with its attributes. */
export const XML_TAG_BYTES_MAX = 1024;
export const XML_DEPTH_MAX = 16;
export const POLICY_BYTES_MAX = 20 * 1024;
/** The document; S3 allows 64 KB, and what is stored must fit a row with its envelope. */
export const CORS_BODY_BYTES_MAX = 60 * 1024;
export const CORS_RULES_MAX = 100;
export const CORS_ID_CHARS_MAX = 255;
export const FORM_FIELDS_BYTES_MAX = 64 * 1024;
/** Bucket keys in memory (spec s3-encryption G): how long, how many, and how much each may wrap. */
export const BUCKET_KEY_AGE_MS = 5 * 60 * 1000;
export const BUCKET_KEYS_MAX = 10_000;
export const BUCKET_KEY_USES_MAX = 1_000_000;
export const BUCKET_KEY_BYTES_MAX = 64 * 1024 ** 4;
/** Epoch keys in memory, and how long the newest epoch of a bucket is taken for the newest. */
export const EPOCH_KEYS_CACHED_MAX = 100_000;
export const EPOCH_NEWEST_AGE_MS = 5000;
export const LIST_KEYS_MAX = 1000;
export const DELETE_KEYS_MAX = 1000;
/** Keys of one DeleteObjects that are worked on at the same time. */
export const DELETES_AT_ONCE = 32;
export const OBJECT_TAGS_MAX = 10;
/** A small document that is read before anybody was authorised, since policies look into it. */
export const EARLY_BODY_BYTES_MAX = 128 * 1024;
export const BUCKET_TAGS_MAX = 50;
export const BUCKETS_PER_ACCOUNT_MAX = 10_000;
/** Key service (spec kms 13.1). */
export const JSON_BODY_BYTES_MAX = 1024 ** 2;
/** JSON and Query bodies longer than {@link SMALL_BODY_BYTES_MAX} that are being read, all of a process together. */
export const LONGER_BODIES_BYTES_MAX = 64 * 1024 ** 2;
/** A JSON or Query body as a whole, and the fields of a form, which are read before the caller is known. */
export const SMALL_BODY_MS_MAX = 30_000;
export const KEY_TAGS_MAX = 50;
export const ALIASES_PER_KEY_MAX = 50;
export const CONTEXT_PAIRS_MAX = 256;
export const CONTEXT_BYTES_MAX = 8192;
export const ON_DEMAND_ROTATIONS_MAX = 25;
export const KMS_KEYS_PER_ACCOUNT_MAX = 100_000;
export const GRANTS_PER_KEY_MAX = 50_000;
export const GRANT_PAIRS_MAX = 8;
export const GRANT_VALUE_CHARS_MAX = 384;
/** Grants of a (key, grantee) kept decoded, as long as the key's grants have not changed. */
export const KMS_GRANTEES_HELD_MAX = 4096;
/** RSA keys that are being made or wait for it, in one process. */
export const RSA_TURNS_MAX = 17;
/** Unwrapped key versions in memory, and for how long one stays without being read again. */
export const KMS_MATERIALS_HELD_MAX = 4096;
export const KMS_MATERIAL_HELD_MS_MAX = 600_000;
/** Key and alias ARNs that are kept parsed. */
export const KMS_KEY_NAMES_HELD_MAX = 4096;
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
/** Comparisons of wildcard matching that one decision may cost; beyond, it denies. Fifteen milliseconds at worst. */
export const DECISION_STEPS_MAX = 2_000_000;
/** What looking at one pattern costs at least, in comparisons. */
export const PATTERN_STEPS = 16;
/** The same for all decisions of one request that asks many questions: under a second, in turns with other requests. */
export const REQUEST_STEPS_MAX = 100_000_000;
export const DECISIONS_TURN_MS = 5;
/** Signing keys kept ready, one per (credential version, date, region, service); the oldest goes first. */
export const SIGNING_KEYS_MAX = 4096;
/** `<hex size>;chunk-signature=<64 hex>` takes 97 bytes at most; a longer line is no chunk header. */
export const CHUNK_HEADER_BYTES_MAX = 128;
/** Trailing fields of an aws-chunked body, all lines together. Clients send one checksum and one signature. */
export const TRAILER_BYTES_MAX = 4096;
/** S3: every chunk but the last carries at least this much. */
export const CHUNK_BYTES_MIN = 8192;
/** Validity of a presigned URL: one week. */
export const PRESIGNED_SECONDS_MAX = 604_800;
export const FORM_FIELDS_MAX = 200;
/** Of a form's policy: one for each field, the bucket, the size, and some more. */
export const POST_CONDITIONS_MAX = 256;
/** In a form's Content-Type, where a condition speaks of its beginning. */
export const CONTENT_TYPES_MAX = 100;
/** That a preflight asks for. */
export const CORS_NAMES_MAX = 100;
/** Of each listener of a worker; more are closed as they come. An open one costs some ten kilobytes. */
export const CONNECTIONS_MAX = 4096;
/** Requests that wait behind others on their connections, in one process. Who sends one more loses the connection. */
export const PIPELINED_MAX = 4096;
/** Bodies up to this are collected in one piece rather than streamed. */
export const SMALL_BODY_BYTES_MAX = 64 * 1024;
/**
 * What of an unread request body is read and thrown away after an error, so that the client sees the answer: as much as
 * most clients put into one part of an upload, since few look for an answer before they have sent it.
 */
export const LINGER_BYTES_MAX = 16 * 1024 ** 2;
export const LINGER_MS = 2000;
/** A copy or completion that takes longer answers 200 at once and keeps the connection alive with white space. */
export const SLOW_ANSWER_MS = 5000;
export const HEARTBEAT_MS = 10_000;
export const UPLOADS_PAGE_MAX = 1000;
export const PARTS_PAGE_MAX = 1000;
/** A browser form's file up to this is held in memory, because only its end tells its size. */
export const FORM_FILE_HELD_BYTES_MAX = 8 * 1024 ** 2;
/** What a blob is read and written in; two such buffers are in use for each running transfer. */
export const BLOB_BUFFER_BYTES = 256 * 1024;
/**
 * Copies of objects and parts whose bytes go through this process at the same time; more wait in turn. A request of a few
 * bytes asks for one, so their clients' lines bound nothing. Those of small bodies wait for nobody.
 */
export const COPIES_AT_ONCE = 32;
/** Idle blob buffers kept for reuse: fresh ones of this size cost page faults. */
export const BLOB_BUFFERS_IDLE_MAX = 64;
/** Free space below which writes are refused: at least the minimum and the fraction, at most either maximum. */
export const SPACE_RESERVE_BYTES_MIN = 1024 ** 3;
export const SPACE_RESERVE_FRACTION = 0.05;
export const SPACE_RESERVE_BYTES_MAX = 10 * 1024 ** 3;
export const SPACE_RESERVE_FRACTION_MAX = 0.1;
/** Terms of one purpose in the keyring: they stand in one row. */
export const KEYRING_TERMS_MAX = 512;
/** Decoded records kept by (table, key), checked by revision at each use. */
export const RECORD_CACHE_ENTRIES = 20_000;
/** Of their rows; decoded, a record takes a small multiple. */
export const RECORD_CACHE_BYTES = 64 * 1024 ** 2;
/** Entries of one list record (sealed format, section 6). */
export const LIST_PAGE_ENTRIES = 500;
/** Bytes of entries in one list record: a row's value must fit. */
export const LIST_PAGE_BYTES_MAX = 48 * 1024;
/** What one trash row may name; more is split over several. */
export const TRASH_BLOBS_MAX = 1000;
export const TRASH_ROWS_MAX = 24;
/** How long what is unreferenced stays for those who still read it. */
export const TRASH_GRACE_MS = 10 * 60_000;
/** The same while the disk is nearly full. */
export const TRASH_GRACE_FULL_MS = 15_000;
/** An intent not renewed for this long belongs to nobody; long uploads renew theirs well before. */
export const INTENT_AGE_MAX_MS = 60 * 60_000;
/** Temporary files untouched for this long are leftovers of a crash. */
export const LEFTOVER_AGE_MAX_MS = 6 * 3600_000;
export const COLLECTOR_LEASE_MS = 60_000;
/** Of all leases: one that ends later was taken before the clock went back. */
export const LEASE_MS_MAX = 60_000;
/** Identities (spec access 3.3). Characters of policies are counted without white space. */
export const ACCESS_KEYS_PER_USER_MAX = 2;
export const POLICY_VERSIONS_MAX = 5;
export const ATTACHED_POLICIES_MAX = 10;
export const GROUPS_PER_USER_MAX = 10;
export const IDENTITY_TAGS_MAX = 50;
export const INLINE_USER_CHARS_MAX = 2048;
export const INLINE_ROLE_CHARS_MAX = 10_240;
export const INLINE_GROUP_CHARS_MAX = 5120;
export const MANAGED_POLICY_CHARS_MAX = 6144;
export const TRUST_POLICY_CHARS_MAX = 4096;
/** A document is one row, white space included; what stands in its owner's own row gets less of one. */
export const STORED_POLICY_BYTES_MAX = 48 * 1024;
export const STORED_TRUST_BYTES_MAX = 12 * 1024;
export const IDENTITY_TAGS_BYTES_MAX = 16 * 1024;
/** Of the principals of one policy and the ids that they stand for. */
export const POLICY_BINDINGS_BYTES_MAX = 12 * 1024;
export const USERS_PER_ACCOUNT_MAX = 5000;
export const GROUPS_PER_ACCOUNT_MAX = 500;
export const ROLES_PER_ACCOUNT_MAX = 5000;
export const MANAGED_POLICIES_PER_ACCOUNT_MAX = 5000;
export const INLINE_POLICIES_PER_ENTITY_MAX = 100;
export const ACCOUNTS_MAX = 10_000;
/** Verified credentials with their compiled policies, kept as long as the account's identities have not changed. */
export const CREDENTIALS_HELD_MAX = 20_000;
/** Text of policies that are kept compiled, which takes some 25 times as much: those of resources, and those of sessions. */
export const POLICY_CHARS_HELD_MAX = 8 * 1024 ** 2;
/** A key's last use is written down at most this often. */
export const LAST_USE_INTERVAL_MS = 15 * 60_000;
export const QUERY_BODY_BYTES_MAX = 1024 ** 2;
export const QUERY_PARAMETERS_MAX = 5000;
/** Of a list for which AWS names no maximum. */
export const QUERY_LIST_ENTRIES_MAX = 1000;
/** What an answer tells of an input's problems: so many texts, and none after the one that passes so many characters. */
export const PROBLEM_TEXTS_MAX = 100;
export const PROBLEM_TEXTS_CHARS_MAX = 16 * 1024;
/** Session tokens: policy, policy ARNs and tags of a session together. */
export const SESSION_CLAIMS_BYTES_MAX = 8192;
export const SESSION_POLICY_CHARS_MAX = 2048;
export const SESSION_POLICY_ARNS_MAX = 10;
export const WEB_TOKEN_CHARS_MAX = 20_000;
export const JWKS_BYTES_MAX = 1024 ** 2;
export const JWKS_FETCH_MS_MAX = 5000;
export const JWKS_AGE_MS_MAX = 10 * 60_000;
/** An issuer whose keys could not be had is not asked again for this long: anybody can send tokens. */
export const JWKS_FAILURE_MS = 5000;
/** Epoch rows that go in the commit that removes their bucket; more go in commits before it. */
export const EPOCH_ROWS_REMOVED_MAX = 40;
/** Open uploads that one commit ends when their bucket goes: each takes a condition and two writes. */
export const UPLOADS_ENDED_PER_COMMIT = 24;
/** Buckets read at a time when an account's buckets are listed. */
export const BUCKET_LIST_CHUNK = 100;
/** Rows of a list that are read and opened in one go; between two pieces other requests run. */
export const LIST_CHUNK_ROWS = 256;
/** A piece of a list of versions that changed while it was read is read again, this often. */
export const LIST_TORN_READS_MAX = 4;
/** How a part waits for a Complete under way, which may fail and leave the upload open. */
export const COMPLETING_POLL_MS = 50;
export const COMPLETING_POLLS_MAX = 20;
/** A Complete that has not got on for this long was cut: one with another list may take over. */
export const COMPLETING_AGE_MAX_MS = 10 * 60_000;
/** How long the answer of a completed upload is kept for a repeated Complete. */
export const COMPLETED_AGE_MAX_MS = 24 * 3600_000;
/** What the collector does of ended uploads in one round, and in one commit. */
export const ENDED_ROWS_PER_ROUND = 200;
export const ENDED_REMOVALS_PER_ROUND = 5000;
export const PARTS_CLEARED_PER_COMMIT = 50;
export const UPLOAD_ROWS_PER_SCAN = 1000;
/** Open uploads of a bucket among which a list looks for a marker that is not one of its key. */
export const UPLOAD_MARKER_ROWS_MAX = 10_000;
/** Damaged rows that a process names in its log: more would say the same. */
export const DAMAGED_ROWS_TOLD_MAX = 100;
/** Buckets kept verified in memory, by the revisions of their rows. */
export const BUCKETS_CACHED_MAX = 10_000;
/** The longest session that a token stands for (GetSessionToken, GetFederationToken). */
export const SESSION_SECONDS_MAX = 129_600;
/** How often a process looks whether another has added a term to the keyring, and how old a term is before it seals. */
export const KEYRING_REFRESH_MS = 5000;
export const KEYRING_SETTLE_MS = 15_000;
/** The audit trail. A frame is one write and one sync; records that nobody waits for are gathered for so long. */
export const TRAIL_GATHER_MS = 50;
/** Records of requests that wait in memory to be put together at once. */
export const TRAIL_LATER_MAX = 32;
export const TRAIL_FRAME_BYTES_MAX = 512 * 1024;
/** Below this a frame is not compressed: the call costs more than the bytes. */
export const TRAIL_COMPRESS_BYTES_MIN = 4096;
/** Templates of records that are kept: buckets and keys, and forms of each. */
export const TRAIL_FORM_NAMES_MAX = 500;
export const TRAIL_FORMS_MAX = 8;
/** Characters of records not yet written; beyond, requests wait for the disk. */
export const TRAIL_QUEUE_CHARS_MAX = 8 * 1024 ** 2;
export const TRAIL_SEGMENT_RECORDS_MAX = 65_536;
export const TRAIL_SEGMENT_BYTES_MAX = 64 * 1024 ** 2;
/** Zeros that are written ahead of a segment's frames. */
export const TRAIL_ROOM_BYTES_MIN = 16 * 1024;
export const TRAIL_ROOM_BYTES_MAX = 256 * 1024;
/** A checkpoint after so many records, but not more often than the interval; at the latest after the age. */
export const TRAIL_CHECKPOINT_RECORDS = 1000;
export const TRAIL_CHECKPOINT_INTERVAL_MS = 1000;
export const TRAIL_CHECKPOINT_AGE_MS = 60_000;
/** Lists whose counters one checkpoint commits to, at up to 165 bytes in one row; more wait for the next. */
export const TRAIL_CHECKPOINT_LISTS_MAX = 250;
/** A stream whose process has not been heard of for this long is dead. */
export const TRAIL_STREAM_SILENT_MS = 180_000;
/** A write that failed is tried again this often; meanwhile what needs the trail is refused. */
export const TRAIL_RETRY_MS = 250;
/** Free space that the trail leaves, for its checkpoints and for deletes. */
export const TRAIL_RESERVE_BYTES = 32 * 1024 ** 2;
/** Names of objects or requests in one part of an index, about: what a query for one reads of a segment. */
export const TRAIL_INDEX_PART_NAMES = 2048;
/** A guard against sizes that nobody wrote. */
export const TRAIL_INDEX_BLOCK_BYTES_MAX = 64 * 1024 ** 2;
/** What a process that answers questions keeps of indexes, each of two kinds, and of records. */
export const TRAIL_INDEX_CACHE_BYTES = 32 * 1024 ** 2;
export const TRAIL_FRAME_CACHE_BYTES = 8 * 1024 ** 2;
export const TRAIL_FIELD_CHARS_MAX = 32 * 1024;
export const TRAIL_TEXT_CHARS_MAX = 1024;
/** A DNS name is at most 253 long, and a port follows. */
export const TRAIL_HOST_CHARS_MAX = 260;
