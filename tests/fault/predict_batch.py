"""A small batch for the predict desk: three projects of noise in zips, some images broken, and models of a small tower."""

import contextlib
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib

import programs

PROJECTS = {"mojo1": 20, "mojo2": 35, "mojo3": 50}
SIDE = 512
THREADS = 2
VECTOR = 2048  # bytes


def png(chance):
    """Noise takes its time to decode."""
    rows = b"".join(b"\0" + chance.randbytes(3 * SIDE) for _ in range(SIDE))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def dump(path):
    """All that was decided: every table but that of the runs, without times."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        rows = []
        for table in tables:
            if table == "runs":
                continue
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "timestamp"]
            rows += sorted(repr((table, row)) for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"))
        return rows


class Case(programs.Case):
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
