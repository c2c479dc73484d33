"""A batch of predictions, killed at any moment: the next run goes on, and what comes out is what an uninterrupted run
gives. Little is computed twice."""

import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import programs

KILLS = 100 if programs.FULL else 10
PROJECTS = {"mojo1": 20, "mojo2": 35, "mojo3": 50}
SIDE = 512
THREADS = 2
BATCH = 16


def png(chance):
    """Noise takes its time to decode."""
    rows = b"".join(b"\0" + chance.randbytes(3 * SIDE) for _ in range(SIDE))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def dump(path):
    """All that was decided: every table but that of the runs, without times."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        rows = []
        for table in tables:
            if table == "runs":
                continue
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "timestamp"]
            rows += sorted(repr((table, row)) for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"))
        return rows


class KillPredict(programs.Case):
    def setUp(self):
        super().setUp()
        chance = random.Random(programs.SEED)
        models = self.folder / "models"
        models.mkdir()
        shutil.copy(programs.DATA / "models/ranker_plain.pt", models / "ranker_v4.pt")
        shutil.copy(programs.DATA / "models/crop_plain.pt", models / "crop_proposer_v3.pt")
        subprocess.run([sys.executable, programs.DATA / "models/make_clip.py", models / "ViT-B-32.safetensors",
                        "--seed", "7"], check=True)
        (self.folder / "original").mkdir()
        stages = ("stage1_generated", "stage2_upscaled", "stage3_enhanced")
        for project, count in PROJECTS.items():
            with zipfile.ZipFile(self.folder / f"original/{project}.zip", "w") as archive:
                for number in range(count):
                    name = f"20250705_12{number // 60:02}{number % 60:02}_{stages[number % 3]}.png"
                    archive.writestr(name, png(chance) if number % 11 else b"broken")

    def root(self, name):
        shutil.copytree(self.folder / "models", self.folder / name / "ai_data/models", copy_function=shutil.copy)
        return name

    def command(self, root):
        return ("predict", "run", "--source", "original", "--root", root, "--threads", str(THREADS), "--quiet")

    def databases(self, root):
        folder = self.folder / root / "training/ai_training_decisions"
        return {path.name: dump(path) for path in sorted(folder.glob("*.db"))}

    def store_size(self, root):
        """Bytes of the embeddings that were computed and kept."""
        return (self.folder / root / "ai_data/embedding_store/vectors-512.store").stat().st_size

    def test_kills(self):
        start = time.monotonic()
        self.run_program(*self.command(self.root("whole")), expect=4)
        took = time.monotonic() - start
        expected = self.databases("whole")
        self.assertEqual(len(expected), len(PROJECTS))
        chance = random.Random(programs.SEED + 1)
        num_killed = number = 0
        while num_killed < KILLS:
            root = self.root(f"root{number}")
            number += 1
            self.assertLess(number, 3 * KILLS, "the program ends before it can be killed")
            # Several kills in one root, until a run comes to its end.
            is_done = False
            while not is_done:
                was_killed = self.kill_after(self.start(*self.command(root)), chance.uniform(0.02, took))
                num_killed += was_killed
                is_done = not was_killed or num_killed >= KILLS
            self.run_program(*self.command(root))
            self.assertEqual(self.databases(root), expected)
            self.assertEqual(self.store_size(root), self.store_size("whole"), "an embedding is there twice, or missing")
            shutil.rmtree(self.folder / root)

    def test_a_read_only_folder_is_told_in_a_line(self):
        root = self.root("closed")
        target = self.folder / root / "training"
        target.write_text("in the way")
        code, out, err = self.run_program(*self.command(root))
        self.assertNotEqual(code, 0)
        self.assertNotIn("Traceback", err)
        self.assertEqual(out.count("FAILED"), len(PROJECTS), out + err)


if __name__ == "__main__":
    programs.main()
