"""`history backup` and `restore` against object stores that others wrote.

    with_servers.py s3 gcs -- test_history_remote.py ASSAY
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import object_stores

PROGRAM = "assay"


class HistoryRemote(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-history-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LANG": "C.UTF-8", "NO_PROXY": "*"}
        data = self.folder / "data"
        (data / "images").mkdir(parents=True)
        self.history = data / "generation_history.jsonl"
        self.history.write_text('{"metadata": {"generation_id": "a", "timestamp": "2025-11-02T00:00:00Z"}}\n')
        for number in range(40):
            (data / "images" / f"{number:016x}.png").write_bytes(os.urandom(3000))
        (data / "images" / "with blank & sign.png").write_bytes(os.urandom(6_000_000))

    def run_program(self, *arguments, expect=0):
        ran = subprocess.run([PROGRAM, "history", *arguments], cwd=self.folder, env=self.environment, check=False,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(ran.returncode, expect, ran.stdout + ran.stderr)
        return json.loads(ran.stdout) if expect == 0 else ran.stderr

    def contents(self, name):
        return {path.relative_to(self.folder / name): path.read_bytes() for path in (self.folder / name).rglob("*")
                if path.is_file() and path.name != "lock"}

    def back_up_and_restore(self, place):
        self.assertEqual(self.run_program("backup", "--to", place, "--json", "--dry-run")["sent"], 42)
        self.assertEqual(self.run_program("backup", "--to", place, "--json")["sent"], 42)
        again = self.run_program("backup", "--to", place, "--json", "--by-content")
        self.assertEqual((again["sent"], again["unchanged"]), (0, 42))
        with self.history.open("a") as file:
            file.write('{"metadata": {"generation_id": "b", "timestamp": "2025-11-03T00:00:00Z"}}\n')
        self.assertEqual(self.run_program("backup", "--to", place + "/", "--json")["sent"], 1)
        restored = self.run_program("restore", "--from", place, "--data-dir", "new", "--json", "--verify")
        self.assertEqual((restored["restored"], restored["verified"]), (42, 42))
        self.assertEqual(self.contents("new"), self.contents("data"))

    @unittest.skipUnless(object_stores.S3, "no S3 server")
    def test_s3(self):
        self.environment |= object_stores.S3_ENVIRONMENT
        self.back_up_and_restore("s3://assay-test/history/miner")

    @unittest.skipUnless(object_stores.GCS, "no GCS server")
    def test_gcs(self):
        self.environment |= {"STORAGE_EMULATOR_HOST": object_stores.GCS}
        self.back_up_and_restore("gs://assay-test/history/miner")

    @unittest.skipUnless(object_stores.S3, "no S3 server")
    def test_no_such_bucket(self):
        self.environment |= object_stores.S3_ENVIRONMENT
        self.assertIn("no-such-bucket", self.run_program("backup", "--to", "s3://no-such-bucket/x", expect=1))


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    sys.exit(object_stores.run_tests())
