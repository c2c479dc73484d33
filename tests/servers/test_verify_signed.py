"""`audit verify` against an S3 server that checks signatures; boto3, which signs by itself, puts the objects there.

    with_servers.py minio -- PYTHON_WITH_BOTO3 test_verify_signed.py ASSAY
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import boto3
import botocore.config

DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "jobs"
PROGRAM = "assay"
BUCKET = "assay-test"
ENDPOINT = os.environ.get("ASSAY_TEST_S3_ENDPOINT", "")
ACCESS_KEY = os.environ.get("ASSAY_TEST_S3_ACCESS_KEY", "")
SECRET_KEY = os.environ.get("ASSAY_TEST_S3_SECRET_KEY", "")
NUM_DENIED = 5


def objects():
    """Whether it is in the bucket, and the name, of each claimed object in the order of the export."""
    return [line.split("\t") for line in (DATA / "signed_objects.tsv").read_text(encoding="utf-8").splitlines()]


def expected_report():
    yield "job_id,miner_hotkey,uri_hash,exists,error"
    for number, (exists, name) in enumerate(objects()):
        yield f"j{number},alpha,{hashlib.sha256(f's3://{BUCKET}/{name}'.encode()).hexdigest()},{exists},"


def put_objects():
    store = boto3.client("s3", endpoint_url=ENDPOINT, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
                         region_name="us-east-1", config=botocore.config.Config(proxies={}))
    names = [name for exists, name in objects() if exists == "True"]
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: store.put_object(Bucket=BUCKET, Key=name, Body=b"an image"), names))


class VerifySigned(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        put_objects()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-signed-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def verify(self, *arguments, access_key=ACCESS_KEY, secret_key=SECRET_KEY, region="us-east-1"):
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LANG": "C.UTF-8", "NO_PROXY": "*",
                       "AWS_ENDPOINT_URL": ENDPOINT, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": access_key,
                       "AWS_SECRET_ACCESS_KEY": secret_key}
        ran = subprocess.run([PROGRAM, "audit", "verify", "--parquet", DATA / "signed.parquet", "--output", "report.csv",
                              *arguments], cwd=self.folder, env=environment, check=False, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=240)
        report = (self.folder / "report.csv").read_text(encoding="utf-8") if (self.folder / "report.csv").exists() else ""
        for shown in (ran.stdout, ran.stderr, report):
            self.assertNotIn(secret_key, shown)
        return ran, report

    def assert_as_expected(self, *arguments):
        """The report is right; how many requests it took."""
        ran, report = self.verify("--json", *arguments)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        expected, got = list(expected_report()), report.splitlines()
        wrong = [name for (_, name), line, row in zip(objects(), expected[1:], got[1:]) if line != row]
        self.assertEqual(wrong, [])
        self.assertEqual(got, expected)
        return json.loads(ran.stdout)["requests"]

    def assert_denied(self, **access):
        ran, report = self.verify("--no-list", "--limit", str(NUM_DENIED), **access)
        self.assertEqual(ran.returncode, 5, ran.stdout + ran.stderr)
        self.assertEqual(report.count(",,denied (403)"), NUM_DENIED, report)

    def test_asking_for_each_object_tells_which_exist(self):
        self.assertEqual(self.assert_as_expected("--no-list"), len(objects()))

    def test_listing_tells_the_same(self):
        # A listing that is refused is made up for by asking, which takes a thousand requests.
        self.assertLess(self.assert_as_expected(), 10)

    def test_a_wrong_secret_is_denied(self):
        self.assert_denied(secret_key="0" * len(SECRET_KEY))

    def test_an_unknown_access_key_is_denied(self):
        self.assert_denied(access_key="AKIDNOBODY")


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
