"""The cache, killed while it takes images in and removes them, with readers beside: no half item, nothing lost that was
there, and the index equals the files."""

import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

import programs

KILLS = 200 if programs.FULL else 20
PHOTOS = 260  # several batches
TABLES = programs.DATA / "cache/tables/roadwork/data"


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
            for image in sorted(path for path in self.folder.glob("[!.]*") if path.suffix != ".json")[:50]:
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

    def test_kills_among_all_writers(self):
        """Imports, updates, drawings and evictions at once, each killed again and again, with readers and a sampler beside."""
        drawn = self.folder / "cache/Synthetic/t2i"
        drawn.mkdir(parents=True)
        reader = Reader(drawn)
        reader.start()
        self.addCleanup(reader.is_stopped.set)
        quiet = ("--cache-dir", "cache", "--quiet", "--keep-free", "0B")
        # Of a tenth of the photos each: importing makes room as well.
        budget = ("--max-size", "300kB")
        commands = {
            "import": ("cache", "import", "photos", "--label", "none", *quiet, *budget, "--evict", "least-used"),
            "update": ("cache", "update", "--from", str(TABLES), "--count", "9", *quiet, *budget, "--evict", "random"),
            "generate": ("cache", "generate", "--kind", "t2i", "--count", "9", "--size", "320x180", *quiet),
            "gc": ("cache", "gc", *quiet, "--max-size", "100kB"),
            "sample": ("cache", "sample", "--count", "50", "--cool-down", "1ms", "--cache-dir", "cache", "--quiet"),
        }
        writers = ("import", "update", "generate")
        chance = random.Random(programs.SEED)
        longest = dict.fromkeys(commands, 1.0)  # follow the machine
        num_killed = dict.fromkeys(commands, 0)
        for _ in range(10 * KILLS):
            if sum(num_killed.values()) >= KILLS and all(num_killed[name] for name in writers):
                break
            running = {name: self.start(*command) for name, command in commands.items()}
            # One after the other, each at a moment of its own.
            moments = sorted((chance.uniform(0.01, longest[name]), name) for name in commands)
            start = time.monotonic()
            for moment, name in moments:
                was_killed = self.kill_after(running[name], max(0.0, start + moment - time.monotonic()))
                longest[name] = min(longest[name] * 1.5, 3.0) if was_killed else max(longest[name] / 2, 0.02)
                num_killed[name] += was_killed
                # An import that does not fit into its budget says so; all others are done, or find another one at it.
                self.assertIn(running[name].returncode, (-9, 0, 1, 4, 7), name)
            self.check_whole()
            self.assertEqual(reader.problems + self.reader.problems, [])
        self.assertGreaterEqual(sum(num_killed.values()), KILLS)
        for name in writers:
            self.assertGreater(num_killed[name], 0, num_killed)
        # What is there stays, whatever is killed that only adds.
        before = {path.name for path in drawn.iterdir()}
        for _ in range(3):
            self.kill_after(self.start(*commands["generate"]), chance.uniform(0.01, longest["generate"]))
        self.check_whole()
        self.assertLessEqual(before, {path.name for path in drawn.iterdir()})
        self.run_program(*commands["generate"], expect=0)
        self.check_whole()
        self.assertGreater(reader.num_seen + self.reader.num_seen, 0)

    def check_whole(self):
        """Whole items only in each folder, and the index equals the files."""
        _, out, _ = self.run_program("cache", "verify", "--cache-dir", "cache", "--json", "--quiet", expect=0)
        report = json.loads(out)
        self.assertEqual((report["sound"], report["half_item"], report["orphan_sidecar"]), (True, 0, 0), out)
        num_pictures = 0
        for folder in ("Roadwork/image", "Synthetic/t2i"):
            names = {path.name for path in (self.folder / "cache" / folder).iterdir()}
            pictures = {name for name in names if not name.endswith(".json")}
            self.assertEqual(names, pictures | {str(pathlib.Path(name).with_suffix(".json")) for name in pictures})
            num_pictures += len(pictures)
        self.assertEqual(report["checked"], num_pictures)

    def test_kills_while_the_quarantine_makes_room(self):
        """An image has its reason at any moment; a reason alone is what a kill left, and goes when it is old."""
        bound = 20_000
        torn = self.folder / "torn"
        torn.mkdir()
        chance = random.Random(programs.SEED)
        quiet = ("--cache-dir", "cache", "--quiet", "--max-quarantine", str(bound))
        importing = ("cache", "import", "torn", "--label", "none", "--keep-free", "0B", *quiet)
        longest = 1.0
        num_killed = 0
        quarantine = self.folder / "cache/quarantine"
        for number in range(6 * KILLS):
            if num_killed >= KILLS:
                break
            for name in range(120):
                (torn / f"{name}.jpg").write_bytes(b"%d" % number * 200)
            was_killed = self.kill_after(self.start(*importing), chance.uniform(0.01, longest))
            longest = min(longest * 1.5, 3.0) if was_killed else max(longest / 2, 0.02)
            num_killed += was_killed
            names = {path.name for path in quarantine.glob("[!.]*")}
            images = {name for name in names if not name.endswith(".reason.txt")}
            self.assertLessEqual({name + ".reason.txt" for name in images}, names)
        self.assertGreaterEqual(num_killed, KILLS)
        for path in quarantine.iterdir():
            os.utime(path, (time.time() - 9000,) * 2)
        self.run_program("cache", "gc", *quiet, expect=0)
        names = {path.name for path in quarantine.iterdir()}
        images = {name for name in names if not name.endswith(".reason.txt")}
        self.assertEqual(names, images | {name + ".reason.txt" for name in images})
        self.assertLessEqual(sum(path.stat().st_size for path in quarantine.iterdir()), bound)
        self.assertGreater(len(images), 0)

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
