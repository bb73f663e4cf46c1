/** XML bodies of requests, through the parsers of the operations that take them. */
import { ServiceError } from "../../packages/server/src/base/errors.ts";
import type { AccountId } from "../../packages/server/src/base/ids.ts";
import { parseXml } from "../../packages/server/src/api/common/xml-read.ts";
import { escapeXml } from "../../packages/server/src/api/common/xml-write.ts";
import { completedParts } from "../../packages/server/src/api/s3/ops/complete-multipart-upload.ts";
import { encryptionChange } from "../../packages/server/src/api/s3/ops/put-bucket-encryption.ts";
import { versioningState } from "../../packages/server/src/api/s3/ops/put-bucket-versioning.ts";
import { encryptionTarget } from "../../packages/server/src/api/s3/ops/update-object-encryption.ts";
import { parseTagging } from "../../packages/server/src/api/s3/read/tags.ts";
import { type FuzzTarget, invariant, seeds } from "./target.ts";

const owner = "000000000000" as AccountId;
const PARSERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  (bytes) => parseXml(bytes, "Delete"),
  (bytes) => completedParts(bytes),
  (bytes) => encryptionChange(bytes),
  (bytes) => versioningState(bytes),
  (bytes) => encryptionTarget(bytes, { owner }),
  (bytes) => parseTagging(bytes, 10, "object"),
];

export function fuzzXml(bytes: Uint8Array): void {
  for (const parser of PARSERS) {
    try {
      parser(bytes);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      invariant(
        error.status === 400 || error.status === 403 || error.status === 501,
        "refused as the client's fault",
      );
    }
  }
  const text = Buffer.from(bytes).toString("utf8");
  const document = Buffer.from(`<A>${escapeXml(text)}</A>`);
  if (document.length < 1024 ** 2)
    invariant(parseXml(document, "A").text === text, "what was escaped reads back");
}

export const target: FuzzTarget = {
  seeds: seeds(
    '<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;b&#x1;</Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>',
    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><ChecksumCRC32>eoWrGQ==</ChecksumCRC32></Part></CompleteMultipartUpload>",
    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>",
    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    "<ObjectEncryption><SSE-KMS><KMSKeyArn>arn:aws:kms:us-east-1:000000000000:key/k</KMSKeyArn><BucketKeyEnabled>true</BucketKeyEnabled></SSE-KMS></ObjectEncryption>",
    "<Tagging><TagSet><Tag><Key>k</Key><Value><![CDATA[v]]></Value></Tag></TagSet></Tagging>",
  ),
  words: [
    "<!DOCTYPE",
    "<!ENTITY",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&#x0;",
    "&lt;",
    "</",
    "/>",
    "<?",
    "?>",
    "xmlns=",
    "__proto__",
    "constructor",
  ],
  run: fuzzXml,
};
