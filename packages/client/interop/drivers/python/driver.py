"""Answers one JSON line per request, driving the official Python client."""

import hashlib
import json
import os
import sys

import boto3
from botocore.config import Config
from s3_encryption import (
    AlgorithmSuite,
    CommitmentPolicy,
    S3EncryptionClient,
    S3EncryptionClientConfig,
)
from s3_encryption.materials.kms_keyring import KmsKeyring

PART_BYTES = 5 * 1024 * 1024
REGION = os.environ["S3EC_REGION"]
CONFIG = Config(s3={"addressing_style": "path"})
S3_ENDPOINT = os.environ["S3EC_ENDPOINT"]
KMS = boto3.client("kms", region_name=REGION, endpoint_url=os.environ["S3EC_KMS_ENDPOINT"])
CLIENTS = {}


def client(fmt):
    if fmt not in CLIENTS:
        commits = fmt == "V3"
        config = S3EncryptionClientConfig(
            keyring=KmsKeyring(KMS, os.environ["S3EC_KMS_KEY_ID"]),
            encryption_algorithm=(
                AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
                if commits
                else AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF
            ),
            commitment_policy=(
                CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT
                if commits
                else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
            ),
        )
        s3 = boto3.client("s3", region_name=REGION, endpoint_url=S3_ENDPOINT, config=CONFIG)
        CLIENTS[fmt] = S3EncryptionClient(s3, config)
    return CLIENTS[fmt]


def pattern(size):
    return bytes((i * 7 + (i >> 8)) & 0xFF for i in range(size))


def answer(ask):
    if ask["keyring"] != "kms":
        raise NotImplementedError("the client has no raw keyrings")
    s3 = client(ask["format"])
    at = {"Bucket": ask["bucket"], "Key": ask["key"]}
    context = {"EncryptionContext": ask["context"]}
    if ask["op"] == "get":
        body = s3.get_object(**at, **context)["Body"].read()
        return {"ok": True, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    if ask["placement"] == "file":
        raise NotImplementedError("the client has no option to write instruction files")
    body = pattern(ask["size"])
    if not ask["multipart"]:
        s3.put_object(**at, **context, Body=body)
        return {"ok": True}
    upload = s3.create_multipart_upload(**at, **context)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(body), PART_BYTES), 1):
        result = s3.upload_part(
            **at,
            UploadId=upload,
            PartNumber=number,
            Body=body[start : start + PART_BYTES],
            IsLastPart=start + PART_BYTES >= len(body),
        )
        parts.append({"PartNumber": number, "ETag": result["ETag"]})
    s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})
    return {"ok": True}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # every failure is an answer of the matrix
        reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
