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

# Lines of the key service's checklist (spec kms 17) where boto3 differs from other SDKs: exception classes, dates, void
# answers, a rotation that old blobs survive, a grant retired by its token, a dry run.
own = kms.create_key(Description="interop")["KeyMetadata"]
assert own["CreationDate"].tzinfo is not None
key_id, root = own["KeyId"], f"arn:aws:iam::{own['AWSAccountId']}:root"
old = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
kms.rotate_key_on_demand(KeyId=key_id)
opened = kms.decrypt(CiphertextBlob=old)
assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"old", own["CurrentKeyMaterialId"])
kms.create_alias(AliasName="alias/interop", TargetKeyId=key_id)
try:
    kms.create_alias(AliasName="alias/interop", TargetKeyId=key_id)
    raise SystemExit("a second alias of one name")
except kms.exceptions.AlreadyExistsException:
    pass
grant = kms.create_grant(KeyId=key_id, GranteePrincipal=root, Operations=["Decrypt"])
assert [g["GrantId"] for g in kms.list_grants(KeyId=key_id)["Grants"]] == [grant["GrantId"]]
kms.retire_grant(GrantToken=grant["GrantToken"])
assert kms.list_grants(KeyId=key_id)["Grants"] == []
assert code(kms.encrypt, KeyId=key_id, Plaintext=b"x", DryRun=True) == "DryRunOperationException"
kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
assert code(kms.encrypt, KeyId=key_id, Plaintext=b"x") == "KMSInvalidStateException"
kms.cancel_key_deletion(KeyId=key_id)
assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"
