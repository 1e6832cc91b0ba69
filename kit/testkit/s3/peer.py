"""S3 by others, for the tests: moto, which checks every signature with botocore.

Says in one line where it listens and who may ask, then answers each line of its input with one line, both JSON. It ends with
its input.
"""

import json
import logging
import os
import sys
import threading

os.environ.setdefault("AWS_ACCESS_KEY_ID", "nobody")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "nobody")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3  # noqa: E402
from moto.backends import get_backend  # noqa: E402
from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

BUCKET = "backups"


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{server.port}"

boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
iam = boto3.client("iam", endpoint_url=endpoint)
iam.create_user(UserName="gantry")
everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
iam.put_user_policy(UserName="gantry", PolicyName="all", PolicyDocument=policy)
key = iam.create_access_key(UserName="gantry")["AccessKey"]

# From here on nothing is answered without a signature that is right.
from moto import settings  # noqa: E402
from moto.core.responses import ActionAuthenticatorMixin  # noqa: E402

settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
ActionAuthenticatorMixin.request_count = 1


def bucket():
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET]


def objects(_):
    return {name: len(one.value) for name, one in list(bucket().keys.items())}


def uploads(_):
    return sorted(one.key_name for one in list(bucket().multiparts.values()))


def begin_upload(request):
    """An upload in parts that nobody goes on with."""
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    begun = client.create_multipart_upload(Bucket=BUCKET, Key=request["key"])
    client.upload_part(Bucket=BUCKET, Key=request["key"], PartNumber=1, UploadId=begun["UploadId"], Body=b"half")


def flip(request):
    one = bucket().keys[request["key"]]
    value = bytearray(one.value)
    value[len(value) // 2] ^= 1
    one.value = bytes(value)


def forbid(_):
    iam_backend = get_backend("iam")[DEFAULT_ACCOUNT_ID]["aws"]
    reading = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [reading]})
    iam_backend.put_user_policy("gantry", "all", policy)


ANSWERS = {"objects": objects, "uploads": uploads, "flip": flip, "begin_upload": begin_upload, "forbid_writing": forbid}

first = {"endpoint": endpoint, "bucket": BUCKET, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
print(json.dumps(first), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(ANSWERS[request["ask"]](request)), flush=True)
