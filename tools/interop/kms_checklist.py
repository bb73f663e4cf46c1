"""The key service's conformance checklist (spec kms 17) through boto3, line by line, against a running store: endpoint and
root credentials from the environment. usage: kms_checklist.py BUCKET DATA_DIRECTORY

What needs another clock (import tokens of yesterday, keys past their waiting period) is tested beside the code."""
import base64
import datetime
import json
import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

bucket, data_directory = sys.argv[1:3]
config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
kms = boto3.client("kms", config=config)
s3 = boto3.client("s3", config=config)
iam = boto3.client("iam", config=config)
account = boto3.client("sts", config=config).get_caller_identity()["Account"]
ROOT = f"arn:aws:iam::{account}:root"
MARKER = b"planted-plaintext-marker-of-boto3"
texts = []


def failure(call, **arguments):
    """The class and text of what a call fails with."""
    try:
        call(**arguments)
    except ClientError as error:
        texts.append(str(error))
        return error
    raise AssertionError(f"{call.__name__} should have failed: {arguments}")


def code(call, **arguments):
    return failure(call, **arguments).response["Error"]["Code"]


def new_key(client=kms, **arguments):
    return client.create_key(**arguments)["KeyMetadata"]


def seal(key_id, context=None, client=kms):
    return client.encrypt(KeyId=key_id, Plaintext=MARKER, EncryptionContext=context or {})["CiphertextBlob"]


def opened(blob, context=None, client=kms, **more):
    answer = client.decrypt(CiphertextBlob=blob, EncryptionContext=context or {}, **more)
    assert answer["Plaintext"] == MARKER
    return answer["KeyMaterialId"]


def policy(*statements):
    filled = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


def user(name, document):
    """A client of the key service for a new user."""
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "kms",
        config=config,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
    )


def user_arn(name):
    return f"arn:aws:iam::{account}:user/{name}"


def import_material(key_id, material, **more):
    parameters = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    assert parameters["ParametersValidTo"] > datetime.datetime.now(datetime.timezone.utc)
    public = serialization.load_der_public_key(parameters["PublicKey"])
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    arguments = {
        "KeyId": key_id,
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": public.encrypt(material, oaep),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        **more,
    }
    return kms.import_key_material(**arguments)


def state(key_id):
    return kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"]


def line_1():
    """Void operations parse; errors are classes of the client."""
    key_id = new_key()["KeyId"]
    for call in [kms.disable_key, kms.enable_key]:
        answer = call(KeyId=key_id)
        assert set(answer) == {"ResponseMetadata"} and len(answer["ResponseMetadata"]["RequestId"]) == 36
    kms.update_key_description(KeyId=key_id, Description="d")
    kms.create_alias(AliasName="alias/boto-1", TargetKeyId=key_id)
    for exception, call, arguments in [
        (kms.exceptions.AlreadyExistsException, kms.create_alias, {"AliasName": "alias/boto-1", "TargetKeyId": key_id}),
        (kms.exceptions.NotFoundException, kms.describe_key, {"KeyId": "alias/none"}),
        (kms.exceptions.InvalidArnException, kms.describe_key, {"KeyId": "arn:aws:kms:us-east-1:1:key/x"}),
        (kms.exceptions.InvalidMarkerException, kms.list_keys, {"Marker": "none of ours"}),
        (kms.exceptions.TagException, kms.tag_resource, {"KeyId": key_id, "Tags": [{"TagKey": "aws:x", "TagValue": ""}]}),
        (kms.exceptions.UnsupportedOperationException, kms.replicate_key, {"KeyId": key_id, "ReplicaRegion": "eu-west-1"}),
    ]:
        assert isinstance(failure(call, **arguments), exception), exception
    told = failure(kms.create_alias, AliasName="nope", TargetKeyId=key_id)
    assert told.response["Error"]["Code"] == "ValidationException"
    assert told.response["Error"]["Message"].startswith('Alias must start with the prefix "alias/"')
    assert told.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def line_2():
    """Times are dates; DescribeKey has exactly its fields, for every kind of key."""
    common = set(
        "AWSAccountId KeyId Arn CreationDate Enabled Description KeyUsage KeyState Origin KeyManager "
        "CustomerMasterKeySpec KeySpec MultiRegion".split()
    )
    cases = [
        ({}, {"EncryptionAlgorithms", "CurrentKeyMaterialId"}),
        ({"MultiRegion": True}, {"EncryptionAlgorithms", "CurrentKeyMaterialId", "MultiRegionConfiguration"}),
        ({"Origin": "EXTERNAL"}, {"EncryptionAlgorithms"}),
    ]
    for spec in ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"]:
        cases.append(({"KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC"}, {"MacAlgorithms"}))
    for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
                 "ECC_NIST_EDWARDS25519", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87"]:
        cases.append(({"KeySpec": spec, "KeyUsage": "SIGN_VERIFY"}, {"SigningAlgorithms"}))
    cases.append(({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, {"EncryptionAlgorithms"}))
    cases.append(({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}, {"KeyAgreementAlgorithms"}))
    for arguments, own in cases:
        made = new_key(**arguments)
        shown = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
        assert shown == made
        assert set(shown) == common | own, (arguments, set(shown) ^ (common | own))
        assert isinstance(shown["CreationDate"], datetime.datetime) and shown["CreationDate"].tzinfo is not None


def line_3():
    """After three rotations the first blob opens, by the first material."""
    key = new_key()
    blob = seal(key["KeyId"])
    for _ in range(3):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
    assert opened(blob) == key["CurrentKeyMaterialId"]
    rotations = kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]
    assert len(rotations) == 3 and {r["RotationType"] for r in rotations} == {"ON_DEMAND"}
    every = kms.list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [r["KeyMaterialState"] for r in every].count("CURRENT") == 1 and len(every) == 4
    assert opened(seal(key["KeyId"])) == rotations[-1]["KeyMaterialId"]


def line_4():
    """Any other context, and any flipped bit, is InvalidCiphertextException."""
    key_id = new_key()["KeyId"]
    blob = seal(key_id, {"a": "1", "B": "2"})
    opened(blob, {"B": "2", "a": "1"})
    for context in [{}, {"a": "1"}, {"A": "1", "B": "2"}, {"a": "1", "B": "2", "c": "3"}, {"a": "2", "B": "1"}]:
        told = failure(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context)
        assert isinstance(told, kms.exceptions.InvalidCiphertextException)
        assert told.response["Error"].get("Message", "") == ""
    for at in range(len(blob)):
        flipped = blob[:at] + bytes([blob[at] ^ (1 << at % 8)]) + blob[at + 1 :]
        # The bytes that name the key name another one then, which is nobody's.
        expected = "AccessDeniedException" if 5 <= at < 21 else "InvalidCiphertextException"
        assert code(kms.decrypt, CiphertextBlob=flipped, EncryptionContext={"a": "1", "B": "2"}) == expected, at


def line_5():
    """Pairs do not run into one another; they are ordered by code points."""
    key_id = new_key()["KeyId"]
    blob = seal(key_id, {"a": "bc"})
    assert code(kms.decrypt, CiphertextBlob=blob, EncryptionContext={"ab": "c"}) == "InvalidCiphertextException"
    opened(seal(key_id, {"\U0001f511": "2", "\uff21": "1"}), {"\uff21": "1", "\U0001f511": "2"})


def line_6():
    """Another KeyId is IncorrectKeyException; a blob of a key that is nobody's says no more than that."""
    a, b = new_key(), new_key()
    blob = seal(a["KeyId"])
    opened(blob, KeyId=a["Arn"])
    assert isinstance(
        failure(kms.decrypt, CiphertextBlob=blob, KeyId=b["Arn"]), kms.exceptions.IncorrectKeyException
    )
    mac = new_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert code(kms.decrypt, CiphertextBlob=blob, KeyId=mac["Arn"]) == "IncorrectKeyException"
    nobody = blob[:5] + os.urandom(16) + blob[21:]
    told = failure(kms.decrypt, CiphertextBlob=nobody).response["Error"]
    assert told["Code"] == "AccessDeniedException"
    assert told["Message"] == (
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
        "or you are not allowed to access."
    )


OK, D, S, U = "ok", "DisabledException", "KMSInvalidStateException", "UnsupportedOperationException"
names = iter(f"alias/boto-state-{i}" for i in range(1000))


def update_alias(key_id):
    name = next(names)
    kms.create_alias(AliasName=name, TargetKeyId=new_key()["KeyId"])
    kms.update_alias(AliasName=name, TargetKeyId=key_id)


WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
#            Enabled, Disabled, PendingDeletion, PendingImport
TABLE = [
    ("Encrypt", "symmetric", seal, [OK, D, S, S]),
    ("GenerateDataKey", "symmetric", lambda k: kms.generate_data_key(KeyId=k, KeySpec="AES_256"), [OK, D, S, S]),
    ("GenerateMac", "hmac", lambda k: kms.generate_mac(KeyId=k, Message=b"m", MacAlgorithm="HMAC_SHA_256"), [OK, D, S]),
    ("CreateGrant", "symmetric", lambda k: kms.create_grant(KeyId=k, GranteePrincipal=ROOT, Operations=["Decrypt"]), [OK, D, S, S]),
    ("DescribeKey", "symmetric", lambda k: kms.describe_key(KeyId=k), [OK, OK, OK, OK]),
    ("PutKeyPolicy", "symmetric", lambda k: kms.put_key_policy(KeyId=k, Policy=policy({"Principal": {"AWS": ROOT}, "Action": "kms:*"})), [OK, OK, OK, OK]),
    ("GetKeyLastUsage", "symmetric", lambda k: kms.get_key_last_usage(KeyId=k), [OK, OK, OK, OK]),
    ("CreateAlias", "symmetric", lambda k: kms.create_alias(AliasName=next(names), TargetKeyId=k), [OK, OK, S, OK]),
    ("UpdateAlias", "symmetric", update_alias, [OK, OK, S, OK]),
    ("TagResource", "symmetric", lambda k: kms.tag_resource(KeyId=k, Tags=[{"TagKey": "a", "TagValue": "b"}]), [OK, OK, S, OK]),
    ("EnableKey", "symmetric", lambda k: kms.enable_key(KeyId=k), [OK, OK, S, S]),
    ("DisableKey", "symmetric", lambda k: kms.disable_key(KeyId=k), [OK, OK, S, S]),
    ("ScheduleKeyDeletion", "symmetric", lambda k: kms.schedule_key_deletion(KeyId=k), [OK, OK, S, OK]),
    ("CancelKeyDeletion", "symmetric", lambda k: kms.cancel_key_deletion(KeyId=k), [S, S, OK, S]),
    ("EnableKeyRotation", "symmetric", lambda k: kms.enable_key_rotation(KeyId=k), [OK, D, S, U]),
    ("GetKeyRotationStatus", "symmetric", lambda k: kms.get_key_rotation_status(KeyId=k), [OK, OK, OK, OK]),
    ("RotateKeyOnDemand", "symmetric", lambda k: kms.rotate_key_on_demand(KeyId=k), [OK, D, S, S]),
    ("GetParametersForImport", "external", lambda k: kms.get_parameters_for_import(KeyId=k, **WRAPPING), [OK, OK, S, OK]),
    ("ImportKeyMaterial", "external", lambda k: import_material(k, MATERIAL), [OK, OK, S, OK]),
    ("DeleteImportedKeyMaterial", "external", lambda k: kms.delete_imported_key_material(KeyId=k), [OK, OK, OK, OK]),
]
MATERIAL = os.urandom(32)
KINDS = {
    "symmetric": {},
    "hmac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "external": {"Origin": "EXTERNAL"},
}


def key_in(wanted, kind):
    if wanted == "PendingImport":
        return new_key(Origin="EXTERNAL")["KeyId"]
    key_id = new_key(**KINDS[kind])["KeyId"]
    if kind == "external":
        import_material(key_id, MATERIAL)
    if wanted == "Disabled":
        kms.disable_key(KeyId=key_id)
    if wanted == "PendingDeletion":
        kms.schedule_key_deletion(KeyId=key_id)
    return key_id


def line_7():
    """The table of states, an operation for each row."""
    for name, kind, use, cells in TABLE:
        for wanted, cell in zip(["Enabled", "Disabled", "PendingDeletion", "PendingImport"], cells):
            key_id = key_in(wanted, kind)
            assert state(key_id) == wanted
            if name == "ImportKeyMaterial" and wanted == "PendingDeletion":
                # Its parameters cannot be had either.
                outcome = code(kms.import_key_material, KeyId=key_id, ImportToken=b"x", EncryptedKeyMaterial=b"x",
                               ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
            else:
                try:
                    use(key_id)
                    outcome = OK
                except ClientError as error:
                    outcome = error.response["Error"]["Code"]
            assert outcome == cell, f"{name} of a key in state {wanted}: {outcome}"


def line_8():
    """An alias moves, old blobs open; types must agree; management takes no alias."""
    a, b = new_key(), new_key()
    name = "alias/boto-moving"
    kms.create_alias(AliasName=name, TargetKeyId=a["KeyId"])
    blob = seal(name)
    kms.update_alias(AliasName=name, TargetKeyId=b["KeyId"])
    opened(blob)
    opened(seal(name), KeyId=b["Arn"])
    assert code(kms.decrypt, CiphertextBlob=blob, KeyId=name) == "IncorrectKeyException"
    mac = new_key(**KINDS["hmac"])
    assert code(kms.update_alias, AliasName=name, TargetKeyId=mac["KeyId"]) == "ValidationException"
    told = failure(kms.disable_key, KeyId=name)
    assert told.response["Error"] == {"Code": "NotFoundException", "Message": f"Invalid keyId '{name}'"}
    kms.delete_alias(AliasName=name)
    assert code(kms.describe_key, KeyId=name) == "NotFoundException"


def line_9():
    """Grants: constraints, children, names, retiring by token, revoking; only the grantee's own credentials."""
    nothing = policy({"Action": "sts:GetCallerIdentity"})
    ann, ben = user("boto-ann", nothing), user("boto-ben", nothing)
    key_id = new_key()["KeyId"]

    def grant(client=kms, **more):
        arguments = {"KeyId": key_id, "GranteePrincipal": user_arn("boto-ann"), "Operations": ["Encrypt"], **more}
        return client.create_grant(**arguments)

    subset = grant(Operations=["Encrypt", "CreateGrant"], Constraints={"EncryptionContextSubset": {"a": "1"}})
    seal(key_id, {"a": "1", "more": "2"}, ann)
    for client, context in [(ann, {"a": "2"}), (ann, {}), (ben, {"a": "1"})]:
        assert code(client.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext=context) == "AccessDeniedException"
    # A token is no bearer's ticket.
    assert code(ben.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext={"a": "1"},
                GrantTokens=[subset["GrantToken"]]) == "AccessDeniedException"
    child = {"GranteePrincipal": user_arn("boto-ben"), "Constraints": {"EncryptionContextEquals": {"a": "1"}}}
    wider = {"KeyId": key_id, "GranteePrincipal": user_arn("boto-ben"), "Operations": ["Encrypt"]}
    assert code(ann.create_grant, **wider) == "AccessDeniedException"
    assert code(ann.create_grant, **{**wider, **child, "Operations": ["Decrypt"]}) == "AccessDeniedException"
    grant(ann, **child)
    seal(key_id, {"a": "1"}, ben)
    assert code(ben.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext={"a": "1", "b": "2"}) == "AccessDeniedException"
    named = {"Name": "again", "Operations": ["Decrypt"], "RetiringPrincipal": user_arn("boto-ben")}
    first = grant(**named)
    assert grant(**named)["GrantId"] == first["GrantId"]
    assert len(first["GrantId"]) == 64
    listed = {g["GrantId"]: g for g in kms.list_grants(KeyId=key_id)["Grants"]}
    assert len(listed) == 3
    shown = listed[first["GrantId"]]
    assert (shown["Name"], shown["IssuingAccount"], "GrantToken" in shown) == ("again", ROOT, False)
    retirable = kms.list_retirable_grants(RetiringPrincipal=user_arn("boto-ben"))["Grants"]
    assert [g["GrantId"] for g in retirable] == [first["GrantId"]]
    assert code(ann.retire_grant, GrantToken=first["GrantToken"]) == "AccessDeniedException"
    ben.retire_grant(GrantToken=first["GrantToken"])
    kms.revoke_grant(KeyId=key_id, GrantId=subset["GrantId"])
    assert code(ann.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext={"a": "1"}) == "AccessDeniedException"
    assert code(kms.create_grant, **{**wider, "Operations": ["CreateGrant"]}) == "ValidationException"
    assert code(kms.create_grant, **{**wider, "Operations": ["Sign"]}) == "ValidationException"


def line_10():
    """The lockout check fires, its bypass works, a statement without a resource has no effect."""
    somebody = policy({"Principal": {"AWS": user_arn("boto-ann")}, "Action": "kms:*"})
    told = failure(kms.create_key, Policy=somebody)
    assert isinstance(told, kms.exceptions.MalformedPolicyDocumentException)
    assert told.response["Error"]["Message"] == (
        "The new key policy will not allow you to update the key policy in the future."
    )
    new_key(Policy=somebody, BypassPolicyLockoutSafetyCheck=True)
    key_id = new_key()["KeyId"]
    assert code(kms.put_key_policy, KeyId=key_id, Policy=somebody) == "MalformedPolicyDocumentException"
    root = {"Effect": "Allow", "Principal": {"AWS": ROOT}}
    bare = [{**root, "Action": ["kms:PutKeyPolicy", "kms:GetKeyPolicy"], "Resource": "*"}, {**root, "Action": "kms:Encrypt"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": bare})
    kms.put_key_policy(KeyId=key_id, Policy=document)
    assert kms.get_key_policy(KeyId=key_id)["Policy"] == document
    told = failure(kms.encrypt, KeyId=key_id, Plaintext=b"x").response["Error"]
    assert told["Code"] == "AccessDeniedException"
    assert told["Message"].endswith("because no resource-based policy allows the kms:Encrypt action")


def line_11():
    """Without delegation an administrator of IAM with kms:* is denied by the key's policy, and told so."""
    admin = user("boto-iam-admin", policy({"Action": ["iam:*", "kms:*"]}))
    own = policy({"Principal": {"AWS": user_arn("boto-ann")}, "Action": "kms:*"})
    key = new_key(admin, Policy=own, BypassPolicyLockoutSafetyCheck=True)
    told = failure(admin.encrypt, KeyId=key["KeyId"], Plaintext=b"x").response["Error"]
    assert told["Code"] == "AccessDeniedException"
    assert told["Message"] == (
        f"User: {user_arn('boto-iam-admin')} is not authorized to perform: kms:Encrypt on resource: {key['Arn']} "
        "because no resource-based policy allows the kms:Encrypt action"
    )


def line_12():
    """Cancelling leaves a disabled key; disabling blocks the next GET under a cached bucket key."""
    key = new_key()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="k", Body=MARKER)

    def get():
        return s3.get_object(Bucket=bucket, Key="k")["Body"].read()

    for _ in range(3):
        assert get() == MARKER
    kms.disable_key(KeyId=key["KeyId"])
    assert code(s3.get_object, Bucket=bucket, Key="k") == "KMS.DisabledException"
    assert code(s3.put_object, Bucket=bucket, Key="l", Body=b"x") == "KMS.DisabledException"
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert code(s3.get_object, Bucket=bucket, Key="k") == "KMS.KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert state(key["KeyId"]) == "Disabled"
    kms.enable_key(KeyId=key["KeyId"])
    assert get() == MARKER


def line_13():
    """Import: wrong tokens, expiry, the same again, a second one by rotation."""
    key_id, other = new_key(Origin="EXTERNAL")["KeyId"], new_key(Origin="EXTERNAL")["KeyId"]
    foreign = kms.get_parameters_for_import(KeyId=other, **WRAPPING)["ImportToken"]
    material = os.urandom(32)
    for token in [foreign, b"none of ours"]:
        assert code(import_material, key_id=key_id, material=material, ImportToken=token) == "InvalidImportTokenException"
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
    import_material(key_id, material, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=soon)
    shown = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (shown["KeyState"], shown["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_EXPIRES")
    assert abs((shown["ValidTo"] - soon).total_seconds()) < 1
    blob = seal(key_id)
    while state(key_id) != "PendingImport":
        time.sleep(0.1)
    assert code(kms.decrypt, CiphertextBlob=blob) == "KMSInvalidStateException"
    assert code(import_material, key_id=key_id, material=os.urandom(32)) == "IncorrectKeyMaterialException"
    import_material(key_id, material)
    first = opened(blob)
    import_material(key_id, os.urandom(32), ImportType="NEW_KEY_MATERIAL")
    pending = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [r["KeyMaterialState"] for r in pending] == ["CURRENT", "PENDING_ROTATION"]
    kms.rotate_key_on_demand(KeyId=key_id)
    assert opened(blob) == first and opened(seal(key_id)) != first
    assert isinstance(failure(kms.rotate_key_on_demand, KeyId=key_id), kms.exceptions.KMSInvalidStateException)
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=first)
    assert state(key_id) == "PendingImport"


def line_14():
    """A dry run does nothing, and says by its error that it would have."""
    key = new_key()
    key_id, blob = key["KeyId"], seal(key["KeyId"])
    used = kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"]
    assert used["Operation"] == "Encrypt" and len(used["CloudTrailEventId"]) == 36
    grant = kms.create_grant(KeyId=key_id, GranteePrincipal=ROOT, Operations=["Decrypt"])
    mac = new_key(**KINDS["hmac"])["KeyId"]
    signer = new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyId"]
    for call, arguments in [
        (kms.encrypt, {"KeyId": key_id, "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key_id}),
        (kms.generate_data_key, {"KeyId": key_id, "KeySpec": "AES_256"}),
        (kms.generate_data_key_without_plaintext, {"KeyId": key_id, "KeySpec": "AES_256"}),
        (kms.generate_data_key_pair, {"KeyId": key_id, "KeyPairSpec": "ECC_NIST_P256"}),
        (kms.generate_mac, {"KeyId": mac, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}),
        (kms.sign, {"KeyId": signer, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}),
        (kms.create_grant, {"KeyId": key_id, "GranteePrincipal": ROOT, "Operations": ["Encrypt"]}),
        (kms.revoke_grant, {"KeyId": key_id, "GrantId": grant["GrantId"]}),
        (kms.retire_grant, {"GrantToken": grant["GrantToken"]}),
    ]:
        told = failure(call, DryRun=True, **arguments)
        assert isinstance(told, kms.exceptions.DryRunOperationException), call
        assert told.response["Error"]["Message"] == "The request would have succeeded, but the DryRun option is set."
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key_id)["Grants"]] == [grant["GrantId"]]
    assert kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"] == used
    # The trail has each of them as an error, none as a success.
    trail = boto3.client("cloudtrail", config=config)
    pages = trail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": key["Arn"]}]
    )
    events = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
    dry = [e for e in events if (e.get("requestParameters") or {}).get("dryRun") is True]
    assert len(dry) >= 7 and {e.get("errorCode") for e in dry if e.get("additionalEventData", {}).get("phase") != "intent"} == {"DryRunOperationException"}


def line_15():
    """What was encrypted here, and the secrets made here, stand in no error, no record and no file."""
    trail = boto3.client("cloudtrail", config=config)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    records = [e["CloudTrailEvent"] for page in trail.get_paginator("lookup_events").paginate(StartTime=start) for e in page["Events"]]
    assert len(records) > 100
    written = "\n".join(records + texts).encode()
    forms = [form for secret in [MARKER, MATERIAL] for form in (secret, base64.b64encode(secret), secret.hex().encode())]
    for form in forms:
        assert form not in written
    for folder, _, files in os.walk(data_directory):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue  # The control socket.
            with open(path, "rb") as file:
                content = file.read()
            for form in forms:
                assert form not in content, path


def signatures():
    """Beyond the list: an independent library takes the service's signatures, over messages and over digests."""
    message = b"signed by the service"
    for spec, algorithms in [("RSA_2048", ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_512"]), ("ECC_NIST_P384", ["ECDSA_SHA_384"])]:
        key_id = new_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyId"]
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
        for algorithm in algorithms:
            kind = getattr(hashes, f"SHA{algorithm[-3:]}")()
            digest = hashes.Hash(kind)
            digest.update(message)
            prehashed = {"Message": digest.finalize(), "MessageType": "DIGEST"}
            requests = [{"Message": message}] + ([prehashed] if spec.startswith("RSA") else [])
            for request in requests:
                answer = kms.sign(KeyId=key_id, SigningAlgorithm=algorithm, **request)
                if spec.startswith("ECC"):
                    public.verify(answer["Signature"], message, ec.ECDSA(kind))
                else:
                    scheme = padding.PSS(padding.MGF1(kind), kind.digest_size) if "PSS" in algorithm else padding.PKCS1v15()
                    public.verify(answer["Signature"], request["Message"], scheme, utils.Prehashed(kind) if "MessageType" in request else kind)
                for check in requests:
                    assert kms.verify(KeyId=key_id, SigningAlgorithm=algorithm, Signature=answer["Signature"], **check)["SignatureValid"]
            told = failure(kms.verify, KeyId=key_id, SigningAlgorithm=algorithm, Signature=b"x", Message=message)
            assert isinstance(told, kms.exceptions.KMSInvalidSignatureException)


for run in [line_1, line_2, line_3, line_4, line_5, line_6, line_7, line_8, line_9, line_10, line_11, line_12, line_13, line_14, signatures, line_15]:
    try:
        run()
    except Exception:
        print(f"{run.__name__}: {run.__doc__}", file=sys.stderr)
        raise
