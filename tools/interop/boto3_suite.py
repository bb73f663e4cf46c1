"""boto3 against a running store: endpoint and credentials from the environment. usage: boto3_suite.py BUCKET KEY_ARN"""
import os
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

bucket, key_arn = sys.argv[1:3]
config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
s3 = boto3.client("s3", config=config)
kms = boto3.client("kms")
body = os.urandom(300_000)
customer = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise SystemExit(f"{call.__name__} should have failed")


for name, write, read in [
    ("s3", {}, {}),
    ("kms", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn}, {}),
    ("managed", {"ServerSideEncryption": "aws:kms"}, {}),
    ("dsse", {"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": key_arn}, {}),
    ("ssec", customer, customer),
]:
    s3.put_object(Bucket=bucket, Key=name, Body=body, Metadata={"colour": "blue"}, **write)
    got = s3.get_object(Bucket=bucket, Key=name, **read)
    assert got["Body"].read() == body, name
    assert got["Metadata"] == {"colour": "blue"}, name
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": name})
    if name != "ssec":
        assert urllib.request.urlopen(url).read() == body, name

assert code(s3.get_object, Bucket=bucket, Key="ssec") == "InvalidRequest"
context = {"purpose": "interop"}
sealed = kms.encrypt(KeyId=key_arn, Plaintext=b"hello", EncryptionContext=context)["CiphertextBlob"]
assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"hello"
assert code(kms.decrypt, CiphertextBlob=sealed) == "InvalidCiphertextException"
data_key = kms.generate_data_key(KeyId=key_arn, KeySpec="AES_256")
assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]

kms.disable_key(KeyId=key_arn)
assert code(s3.get_object, Bucket=bucket, Key="kms") == "KMS.DisabledException"
assert code(kms.encrypt, KeyId=key_arn, Plaintext=b"x") == "DisabledException"
kms.enable_key(KeyId=key_arn)
assert s3.get_object(Bucket=bucket, Key="kms")["Body"].read() == body
