"""The cache, killed while it takes images in and removes them, with readers beside: no half item, nothing lost that was
there, and the index equals the files."""

import json
import pathlib
import random
import subprocess
import sys
import threading
import time

import programs

KILLS = 200 if programs.FULL else 20
PHOTOS = 260  # several batches


class Reader(threading.Thread):
    """Does what the old validator does: lists the images, and wants the sidecar of each."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder = folder
        self.is_stopped = threading.Event()
        self.problems = []
        self.num_seen = 0

    def run(self):
        while not self.is_stopped.is_set():
            for image in sorted(self.folder.glob("*.png"))[:50]:
                self.look(image)
            time.sleep(0.01)

    def look(self, image):
        try:
            sidecar = json.loads(image.with_suffix(".json").read_text(encoding="utf-8"))
            self.num_seen += 1
        except FileNotFoundError:
            if image.exists():  # not removed meanwhile
                self.problems.append(f"{image.name} without its sidecar")
            return
        except ValueError:
            self.problems.append(f"{image.name} with half a sidecar")
            return
        if sidecar.get("label") not in (0, 1):
            self.problems.append(f"{image.name} without its label")


class KillCache(programs.Case):
    def setUp(self):
        super().setUp()
        subprocess.run([sys.executable, programs.DATA / "cache/make_photos.py", self.folder / "photos", str(PHOTOS),
                        "--side", "128"], check=True)
        self.images = self.folder / "cache/Roadwork/image"
        self.images.mkdir(parents=True)
        self.reader = Reader(self.images)
        self.reader.start()
        self.addCleanup(self.reader.is_stopped.set)

    def indexed(self):
        _, out, _ = self.run_program("cache", "status", "--cache-dir", "cache", "--json", expect=0)
        return json.loads(out)["caches"][0]["images"]

    def check_sound(self):
        """After whatever happened: whole items only, and the index equals the files."""
        _, out, _ = self.run_program("cache", "verify", "--cache-dir", "cache", "--json", "--quiet", expect=0)
        report = json.loads(out)
        self.assertEqual((report["sound"], report["half_item"], report["orphan_sidecar"]), (True, 0, 0), out)
        names = {path.name for path in self.images.iterdir()}
        pictures = {name for name in names if name.endswith(".png")}
        self.assertEqual(names, pictures | {str(pathlib.Path(name).with_suffix(".json")) for name in pictures})
        self.assertEqual(report["checked"], len(pictures))
        self.assertEqual(self.reader.problems, [])
        return len(pictures)

    def test_kills(self):
        importing = ("cache", "import", "photos", "--label", "none", "--cache-dir", "cache", "--quiet", "--keep-free", "0B")
        removing = ("cache", "gc", "--cache-dir", "cache", "--quiet", "--max-size", "1B")
        chance = random.Random(programs.SEED)
        start = time.monotonic()
        self.run_program(*importing, expect=0)
        took = time.monotonic() - start
        self.assertEqual(self.check_sound(), PHOTOS)
        num_killed = num_images = 0
        num_removing = 0
        for number in range(6 * KILLS):
            if num_killed >= KILLS:
                break
            # Down, and up again: both are cut short, most of the time.
            is_removing = number % 2 == 0
            before = self.check_sound()
            was_killed = self.kill_after(self.start(*(removing if is_removing else importing)),
                                         chance.uniform(0.01, took / (3 if is_removing else 1)))
            num_killed += was_killed
            num_removing += was_killed and is_removing
            after = self.check_sound()
            if is_removing:
                self.assertLessEqual(after, before)
            else:
                self.assertGreaterEqual(after, before, "an item that was there is lost")
            num_images = max(num_images, after)
        self.assertGreaterEqual(num_killed, KILLS)
        self.assertGreater(num_removing, 0)
        self.run_program(*importing, expect=0)
        self.assertEqual(self.check_sound(), PHOTOS)
        self.assertGreater(self.reader.num_seen, 0)

    def test_an_index_that_was_lost_is_made_again(self):
        self.run_program("cache", "import", "photos", "--label", "none", "--cache-dir", "cache", "--quiet", "--keep-free", "0B",
                         expect=0)
        index = self.folder / "cache/.assay/index.db"
        for content in (None, b"", b"nonsense" * 1000, index.read_bytes()[:5000]):
            index.unlink()
            if content is not None:
                index.write_bytes(content)
            self.assertEqual(self.check_sound(), PHOTOS)
            _, out, _ = self.run_program("cache", "sample", "--label", "none", "--cache-dir", "cache", "--json", expect=0)
            self.assertEqual(len(json.loads(out)["draws"]), 1)


if __name__ == "__main__":
    programs.main()
