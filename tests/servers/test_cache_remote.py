"""`cache update` from object stores that others wrote: tables, and plain images below a prefix.

    with_servers.py s3 gcs -- test_cache_remote.py ASSAY
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
DATA = pathlib.Path(__file__).resolve().parent.parent / "data/cache"


class CacheRemote(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-cache-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "LANG": "C.UTF-8", "NO_PROXY": "*"}

    def update(self, *arguments, expect=0):
        ran = subprocess.run([PROGRAM, "cache", "update", *arguments, "--cache-dir", "cache", "--quiet", "--json", "--keep-free", "0B"],
                             cwd=self.folder, env=self.environment, check=False, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=120)
        self.assertEqual(ran.returncode, expect, ran.stdout + ran.stderr)
        return json.loads(ran.stdout), ran.stderr

    def fill(self, scheme, put):
        for table in sorted((DATA / "tables/roadwork/data").glob("*.parquet")):
            put(f"cache/tables/{table.name}", table.read_bytes())
        subprocess.run([sys.executable, DATA / "make_photos.py", self.folder / "photos", "6"], check=True)
        for number, photo in enumerate(sorted((self.folder / "photos").iterdir())):
            put(f"cache/photos/{'roadwork' if number % 2 else 'none'}/{photo.name}", photo.read_bytes())
        (self.folder / "assay.toml").write_text(f'[[cache.source]]\nname = "tables"\ntables = "{scheme}://assay-test/cache/tables"\n'
                                                f'[[cache.source]]\nname = "photos"\nfolder = "{scheme}://assay-test/cache/photos"\n')

    def check(self, scheme, put, replace):
        self.fill(scheme, put)
        report, _ = self.update("--target", "10")
        self.assertEqual((report["wanted"], report["missing"]), (20, 0), report)
        sources = {path.name: json.loads(path.read_text())["source"] for path in (self.folder / "cache/Roadwork/image").glob("*.json")}
        counts = {name: list(sources.values()).count(name) for name in ("tables", "photos")}
        # The prefix has three of each label: the tables give the rest.
        self.assertEqual(counts, {"tables": 14, "photos": 6})
        self.assertEqual(self.update("--target", "10")[0]["sources"], [])
        report, _ = self.update("--from", f"{scheme}://assay-test/cache/tables/", "--count", "3")
        self.assertEqual(report["added"], 3)
        self.check_replaced(scheme, replace)

    def check_replaced(self, scheme, replace):
        """An object that another one took the place of is fetched again; all others are there."""
        (self.folder / "assay.toml").write_text(f'[[cache.source]]\nfolder = "{scheme}://assay-test/cache/photos"\n')
        self.assertEqual(self.added(self.update("--count", "1", expect=4)), [0])
        subprocess.run([sys.executable, DATA / "make_photos.py", self.folder / "new", "1", "--first", "90", "--side", "128"],
                       check=True)
        replace("cache/photos/none/image_001.png", (self.folder / "new/image_090.png").read_bytes())
        self.assertEqual(self.added(self.update("--count", "1")), [1])

    def added(self, done):
        return [source["added"] for source in done[0]["sources"]]

    @unittest.skipUnless(object_stores.S3, "no S3 server")
    def test_s3(self):
        self.environment |= object_stores.S3_ENVIRONMENT
        self.check("s3", object_stores.put_s3, object_stores.replace_s3)

    @unittest.skipUnless(object_stores.GCS, "no GCS server")
    def test_gcs(self):
        self.environment |= {"STORAGE_EMULATOR_HOST": object_stores.GCS}
        self.check("gs", object_stores.put_gcs, object_stores.put_gcs)

    @unittest.skipUnless(object_stores.S3, "no S3 server")
    def test_what_a_store_refuses_is_told_and_not_asked_again_at_once(self):
        self.environment |= object_stores.S3_ENVIRONMENT
        place = ("--from", "s3://no-such-bucket/x", "--count", "1")
        self.assertIn("no-such-bucket", self.update(*place, expect=1)[1])
        self.assertIn("is not asked before", self.update(*place, expect=1)[1])


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    sys.exit(object_stores.run_tests())
