"""The hub of the tests, as the clients that people use see it: `test_dataset_hub.py`.

What needs huggingface_hub is skipped where that is not installed.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / "data" / "cache" / "tables" / "roadwork"
REPO = "natix-network-org/roadwork"
TABLE = "data/train-00000-of-00002.parquet"
SKIPPED = 77

HOME = tempfile.TemporaryDirectory(prefix="assay-hub-")  # until the end of the process
# Before the import: the library reads them once.
os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
               "HF_HOME": HOME.name, "NO_PROXY": "*"}
os.environ.pop("HF_TOKEN", None)
try:
    import huggingface_hub
    import huggingface_hub.errors
except ImportError:
    huggingface_hub = None


@unittest.skipIf(huggingface_hub is None, "huggingface_hub is not installed")
class RealClient(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-hub-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, *flags):
        hub = subprocess.Popen([sys.executable, HERE / "dataset_hub.py", FOLDER, *flags], stdout=subprocess.PIPE, text=True)
        self.addCleanup(hub.stdout.close)
        self.addCleanup(hub.wait, 10)
        self.addCleanup(hub.terminate)
        return "http://" + hub.stdout.readline().split()[-1]

    def fetch(self, endpoint, name=TABLE, **options):
        return pathlib.Path(huggingface_hub.hf_hub_download(REPO, name, repo_type="dataset", endpoint=endpoint,
                                                            cache_dir=self.folder, **options))

    def test_lists_all_pages(self):
        api = huggingface_hub.HfApi(endpoint=self.start("--page-size", "1"), token=False)
        tree = list(api.list_repo_tree(REPO, recursive=True, repo_type="dataset"))
        files = {entry.path: entry for entry in tree if hasattr(entry, "size")}
        self.assertEqual(len(files), 3)
        content = (FOLDER / TABLE).read_bytes()
        self.assertEqual(files[TABLE].size, len(content))
        self.assertEqual(files[TABLE].lfs.sha256, hashlib.sha256(content).hexdigest())
        self.assertIsNone(files["README.md"].lfs)

    def test_fetches_files_of_both_kinds(self):
        endpoint = self.start()
        for name in (TABLE, "README.md"):
            self.assertEqual(self.fetch(endpoint, name).read_bytes(), (FOLDER / name).read_bytes())

    def test_goes_on_after_a_break(self):
        endpoint = self.start("--break-after", "9000", "--breaks", "1")
        self.assertEqual(self.fetch(endpoint).read_bytes(), (FOLDER / TABLE).read_bytes())

    def test_asks_for_a_token(self):
        endpoint = self.start("--token", "hf_test")
        with self.assertRaises(huggingface_hub.errors.HfHubHTTPError):
            self.fetch(endpoint, token=False)
        self.assertTrue(self.fetch(endpoint, token="hf_test").is_file())

    def test_names_what_is_not_there(self):
        with self.assertRaises(huggingface_hub.errors.EntryNotFoundError):
            self.fetch(self.start(), "data/nothing.parquet")
        with self.assertRaises(huggingface_hub.errors.HfHubHTTPError):
            self.fetch(self.start("--repo", "other/name"))

    def test_takes_a_bit_that_is_another(self):
        """What Assay refuses: the reason to check the digest."""
        content = self.fetch(self.start("--flip-bit")).read_bytes()
        self.assertNotEqual(content, (FOLDER / TABLE).read_bytes())


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    if result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
