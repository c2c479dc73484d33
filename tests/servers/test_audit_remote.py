"""An export that lies in an object store: with no key what is public is read, and who is sent away is told why.

    with_servers.py s3 gcs refusing -- test_audit_remote.py ASSAY
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import object_stores

PROGRAM = "assay"
EXPORT = pathlib.Path(__file__).resolve().parent.parent / "data/jobs/small.parquet"
REFUSING = os.environ.get("ASSAY_TEST_REFUSING_ENDPOINT", "")


class AuditRemote(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-audit-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LANG": "C.UTF-8", "NO_PROXY": "*"}

    def missing(self, parquet, expect=0):
        ran = subprocess.run([PROGRAM, "audit", "missing", "--parquet", parquet, "--output", "missing.csv"], cwd=self.folder,
                             env=self.environment, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=120)
        self.assertEqual(ran.returncode, expect, ran.stdout + ran.stderr)
        return (self.folder / "missing.csv").read_text() if expect == 0 else ran.stderr

    def check(self, place, put):
        expected = self.missing(str(EXPORT))
        put("one/export.parquet", EXPORT.read_bytes())
        for address in ("one/export.parquet", "one/", "one", "*/exp*.parquet", "o[mn]e"):
            with self.subTest(address=address):
                self.assertEqual(self.missing(f"{place}/{address}"), expected)
        self.assertIn(f"no object matches {place}/*/none.parquet", self.missing(f"{place}/*/none.parquet", expect=1))

    @unittest.skipUnless(object_stores.S3, "no S3 server")
    def test_s3(self):
        self.environment |= object_stores.S3_ENVIRONMENT
        self.check("s3://assay-test/audit", lambda key, content: object_stores.put_s3(f"audit/{key}", content))

    @unittest.skipUnless(object_stores.S3, "no S3 server")
    def test_s3_without_a_key(self):
        self.environment |= {"AWS_ENDPOINT_URL": object_stores.S3}
        self.check("s3://assay-test/open", lambda key, content: object_stores.put_public_s3(f"open/{key}", content))
        object_stores.put_s3("closed.parquet", EXPORT.read_bytes())
        self.assertIn("no AWS credentials", self.missing("s3://assay-test/closed.parquet", expect=5))

    @unittest.skipUnless(object_stores.GCS, "no GCS server")
    def test_gcs(self):
        self.environment |= {"STORAGE_EMULATOR_HOST": object_stores.GCS}
        self.check("gs://assay-test/audit", lambda key, content: object_stores.put_gcs(f"audit/{key}", content))

    @unittest.skipUnless(REFUSING, "no refusing server")
    def test_who_is_sent_away_without_a_key_is_told_how_to_give_one(self):
        self.environment |= {"AWS_ENDPOINT_URL": REFUSING}
        for place in ("s3://bucket/export.parquet", "s3://bucket/exports/"):
            err = self.missing(place, expect=5)
            self.assertIn("s3://bucket", err)
            self.assertIn("no AWS credentials; set AWS_ACCESS_KEY_ID", err)
        self.environment |= object_stores.S3_ENVIRONMENT | {"AWS_ENDPOINT_URL": REFUSING}
        self.assertNotIn("no AWS credentials", self.missing("s3://bucket/export.parquet", expect=5))


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    sys.exit(object_stores.run_tests())
