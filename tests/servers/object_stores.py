"""What the tests of remote stores share: where the servers of with_servers.py are, and a way to fill them."""

import json
import os
import sys
import unittest
import urllib.parse
import urllib.request

S3 = os.environ.get("ASSAY_TEST_S3_ENDPOINT", "")
GCS = os.environ.get("ASSAY_TEST_GCS_ENDPOINT", "")
S3_ENVIRONMENT = {"AWS_ENDPOINT_URL": S3, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                  "AWS_REGION": "us-east-1"}
SKIPPED = 77


def put(address, content, **headers):
    # Said to be a form, as urllib would say by itself, the body is looked into by servers, which may then wait for more.
    request = urllib.request.Request(address, data=content, method="PUT",
                                     headers={"Content-Type": "application/octet-stream", **headers})
    urllib.request.urlopen(request, timeout=60).close()


def put_s3(key, content):
    put(f"{S3}/assay-test/{key}", content)


def replace_s3(key, content):
    """Nobody without a name may; whether the signature is right the server does not look."""
    name = "Credential=test/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    put(f"{S3}/assay-test/{key}", content, Authorization=f"AWS4-HMAC-SHA256 {name}")


def put_public_s3(key, content):
    """For everybody to read; with no key nothing else is read."""
    put(f"{S3}/assay-test/{key}", content, **{"x-amz-acl": "public-read"})


def put_gcs(key, content):
    """By its resumable way, as the clients of the store do."""
    name = urllib.parse.quote(key, safe="")
    begin = urllib.request.Request(f"{GCS}/upload/storage/v1/b/assay-test/o?uploadType=resumable&name={name}",
                                   data=json.dumps({"name": key}).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(begin, timeout=60) as answer:
        place = answer.headers["Location"]
    put(place, content)


def run_tests():
    """Of the file that was started; its exit status: 77 when no server was there for any."""
    result = unittest.main(argv=sys.argv, exit=False).result
    if result.testsRun and len(result.skipped) == result.testsRun:
        return SKIPPED
    return 0 if result.wasSuccessful() else 1
