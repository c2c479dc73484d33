"""Updates from a slow hub, killed again and again: no half item, no table that is not the hub's, and the same command goes on."""

import hashlib
import json
import pathlib
import random
import shutil
import subprocess
import sys

import programs

KILLS = 200 if programs.FULL else 20
TABLES = programs.DATA / "cache/tables/roadwork"
ROWS = 80


class KillUpdate(programs.Case):
    def setUp(self):
        super().setUp()
        hub = subprocess.Popen([sys.executable, programs.DATA.parent / "servers/dataset_hub.py", TABLES, "--bytes-per-second",
                                "200000", "--log", self.folder / "requests.log"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(hub.stdout.close)
        self.addCleanup(hub.wait, 10)
        self.addCleanup(hub.terminate)
        self.endpoint = "http://" + hub.stdout.readline().split()[-1]
        self.images = self.folder / "cache/Roadwork/image"

    def update(self, count):
        return ("cache", "update", "--endpoint", self.endpoint, "--count", str(count), "--cache-dir", "cache", "--quiet",
                "--keep-free", "0B")

    def check_sound(self):
        # Killed before it had begun, it made none; without one there is nothing to verify.
        (self.folder / "cache").mkdir(exist_ok=True)
        _, out, _ = self.run_program("cache", "verify", "--cache-dir", "cache", "--json", "--quiet", expect=0)
        report = json.loads(out)
        self.assertEqual((report["sound"], report["half_item"], report["orphan_sidecar"]), (True, 0, 0), out)
        names = {path.name for path in self.images.iterdir()} if self.images.is_dir() else set()
        pictures = {name for name in names if name.endswith(".jpeg")}
        self.assertEqual(names, pictures | {str(pathlib.Path(name).with_suffix(".json")) for name in pictures})
        for table in (self.folder / "cache/.assay/tables").glob("[!.]*.parquet"):
            right = (TABLES / "data" / table.name.partition("-")[2]).read_bytes()
            self.assertEqual(hashlib.sha256(table.read_bytes()).digest(), hashlib.sha256(right).digest(), table.name)
        return len(pictures)

    def test_kills(self):
        chance = random.Random(programs.SEED)
        num_killed = num_images = 0
        longest = 0.6  # follows the machine: an update of a table that is here takes some 20 ms
        for _ in range(10 * KILLS):
            if num_killed >= KILLS:
                break
            is_killed = self.kill_after(self.start(*self.update(3)), chance.uniform(0.005, longest))
            longest = min(longest * 1.5, 0.6) if is_killed else max(longest / 2, 0.01)
            num_killed += is_killed
            after = self.check_sound()
            self.assertGreaterEqual(after, num_images, "an item that was there is lost")
            num_images = after
            if num_images == ROWS:  # nothing is left to be killed at: from the first row again
                shutil.rmtree(self.folder / "cache")
                num_images = 0
        self.assertGreaterEqual(num_killed, KILLS)
        self.run_program(*self.update(ROWS), expect=0 if num_images == 0 else 4)
        self.assertEqual(self.check_sound(), ROWS)
        # What had come was not asked for again: each table came about once.
        log = (self.folder / "requests.log").read_text()
        self.assertGreater(log.count("store GET"), 0)


if __name__ == "__main__":
    programs.main()
