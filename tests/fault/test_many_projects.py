"""A user's folder of 21 projects, thousands of pictures and all that is wrong with such folders, through the whole desk:
planned, predicted by a tower of real size with three kills on the way, validated, merged (dry) and shown in a browser.

ASSAY_CLIP_WEIGHTS names the weights of the tower. With ASSAY_KEEP the pages and the picture of them stay there.
"""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import time
import warnings
import zipfile
import zlib

import programs

# The names, sizes and state of a real list; a picture stands for SCALE of them.
SCALE = 20 if programs.FULL else 60
PROJECTS = [  # project, source, images, has a database
    ("1010", "1010.zip", 2912, False), ("1011", "1011.zip", 4666, True), ("1012", "1012.zip", 5680, True),
    ("1013", "1013.zip", 2882, True), ("1100", "1100.zip", 8904, True), ("1101_Hailey", "1101.zip", 8904, True),
    ("1102", "1102.zip", 2968, False), ("Aiko_raw", "Aiko_raw.zip", 1050, True), ("Patricia", "Average Patricia.zip", 255, False),
    ("Eleni", "Eleni_raw.zip", 5816, True), ("Kiara_Slender", "Slender Kiara.zip", 5796, True),
    ("agent-1001", "agent-1001.zip", 2063, True), ("agent-1002", "agent-1002.zip", 2057, True),
    ("agent-1003", "agent-1003.zip", 2053, True), ("dalia", "dalia.zip", 98, False),
    ("jmlimages-random", "jmlimages-random.zip", 26690, True), ("mixed-0919", "mixed-0919.zip", 852, False),
    ("mojo1", "mojo1.zip", 38366, True), ("mojo2", "mojo2.zip", 35870, True), ("mojo3", "mojo3", 19406, True),
    ("tattersail-0918", "tattersail-0918.zip", 13928, True),
]
STAGES = ("stage1_generated", "stage2_upscaled", "stage3_enhanced")
PICTURES = 48
LEAST = 12
DONE, TORN = "mojo3", "agent-1003"  # by an older run; a zip that was cut short on its way
TWINS = "jmlimages-random"  # with the Mac's second halves beside the pictures
KILLS_AT = (0.15, 0.45, 0.8)  # of the vectors
VECTOR = 2048


def with_number(picture, number):
    """The same picture as another file: with a comment."""
    text = b"%08d" % number
    if picture.startswith(b"\xff\xd8"):
        return picture[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(text)) + text + picture[2:]
    chunk = b"tEXtComment\0" + text
    header_end = 8 + 25
    return (picture[:header_end] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
            + picture[header_end:])


def name_of(number, suffix):
    """Three stages of a picture, seconds apart; every fortieth picture lacks its time."""
    minute, second = divmod(number // 3, 3)
    clock = 6 * 3600 + minute * 60 + second * 20 + number % 3
    time_text = f"20250705_{clock // 3600:02}{clock // 60 % 60:02}{clock % 60:02}_"
    return f"{'' if number // 3 % 40 == 39 else time_text}{STAGES[number % 3]}.{suffix}"


class ManyProjects(programs.Case):
    def pictures(self):
        """Most are drawn by the program itself."""
        self.run_program("cache", "generate", "--kind", "t2i", "--count", str(PICTURES), "--seed", "7", "--size", "320x240",
                         "--cache-dir", "cache", "--quiet", limit=300)
        found = sorted((self.folder / "cache").rglob("*.png"))
        self.assertGreaterEqual(len(found), PICTURES)
        return [path.read_bytes() for path in [*found, *(programs.DATA / "predict").glob("[ab]_*.jpg")]]

    def entries(self, project, images, first):
        """Names and bytes of a source, with every kind of trouble, and how many pictures are good."""
        num_good, found = 0, []
        for number in range(max(LEAST, images // SCALE)):
            content = with_number(self.base[(first + number) % len(self.base)], first + number)
            suffix = "jpg" if content.startswith(b"\xff\xd8") else ("PNG" if number % 29 == 28 else "png")
            name = name_of(number, suffix)
            if number % 37 == 36:
                content = b"<html>404 Not Found</html>"
            elif number % 41 == 40:
                content = content[: len(content) // 2]
            else:
                num_good += 1
            found.append((f"{project}/{name}", content))
            if project == TWINS:
                found.append((f"__MACOSX/{project}/._{name}", b"\0\5\x16\7" + bytes(80)))
        found += [(f"{project}/notes.txt", b"not a picture"), (f"{project}/.DS_Store", b"x"), (f"{project}/empty.png", b"")]
        return found, num_good

    def setUp(self):
        super().setUp()
        weights = os.environ.get("ASSAY_CLIP_WEIGHTS")
        if not weights:
            self.skipTest("needs ASSAY_CLIP_WEIGHTS")
        self.base = self.pictures()
        models = self.folder / "data/ai_data/models"
        models.mkdir(parents=True)
        shutil.copy(programs.DATA / "models/ranker_plain.pt", models / "ranker_v4.pt")
        shutil.copy(programs.DATA / "models/crop_plain.pt", models / "crop_proposer_v3.pt")
        (models / "ViT-B-32.safetensors").symlink_to(weights)
        self.databases = self.folder / "data/training/ai_training_decisions"
        self.databases.mkdir(parents=True)
        self.counts, self.names = {}, {}
        first = 0
        (self.folder / "original").mkdir()
        for project, source, images, has_database in PROJECTS:
            entries, self.counts[project] = self.entries(project, images, first)
            first += len(entries)
            self.names[project] = {name for name, content in entries if content and name.lower().endswith((".png", ".jpg"))
                                   and not name.startswith("__MACOSX")}
            path = self.folder / "original" / source
            if path.suffix == ".zip":
                with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # names that are there twice are meant
                    for name, content in entries:
                        archive.writestr(name, content)
            else:
                for name, content in entries:
                    (path / name).parent.mkdir(parents=True, exist_ok=True)
                    (path / name).write_bytes(content)
            if has_database:
                self.make_database(project, entries)
        torn = self.folder / "original" / f"{TORN}.zip"
        os.truncate(torn, torn.stat().st_size * 2 // 3)
        (self.folder / "data/ai_data/batch_predictions_progress.txt").write_text(f"{DONE}\n")

    def make_database(self, project, entries):
        """Of the user's own choices in the first groups, as the old tools left it."""
        names = [pathlib.PurePosixPath(name).name for name, _ in entries]
        with sqlite3.connect(self.databases / f"{project}.db") as database:
            database.executescript((programs.DATA / "predict/real_table.sql").read_text())
            columns = {row[1] for row in database.execute("PRAGMA table_info(ai_decisions)")}
            database.execute("DELETE FROM ai_decisions")
            for group in range(3):
                row = {"group_id": f"{project}_{group}", "timestamp": "2025-08-01T10:00:00Z", "project_id": project,
                       "images": json.dumps(names[3 * group:3 * group + 3]), "user_selected_index": group,
                       "user_action": "approve", "image_width": 640, "image_height": 480}
                row = {name: value for name, value in row.items() if name in columns}
                database.execute(f"INSERT INTO ai_decisions ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                                 tuple(row.values()))

    def store_size(self):
        path = self.folder / "data/ai_data/embedding_store/vectors-512.store"
        return path.stat().st_size if path.exists() else 0

    def num_told(self, path):
        """Images with a score or an error, and those in no group. One whose name is there twice may be both."""
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute("SELECT COUNT(*) FROM (SELECT entry FROM image_scores UNION SELECT entry FROM dropped_images)"
                                    ).fetchone()[0]

    def test_from_the_plan_to_the_report(self):
        run = ("predict", "run", "--source", "original", "--threads", "2")
        # The torn zip is told before anything begins, and a name that could be two projects too.
        _, plan, _ = self.run_program("predict", "plan", "--source", "original", "--samples", "0", expect=4, limit=120)
        for project, source, _, _ in PROJECTS:
            line = next(line for line in plan.splitlines() if source in line)
            if project != TORN:
                self.assertIn(project, line)

        to_do = sum(count for project, count in self.counts.items() if project not in (DONE, TORN))
        start = time.monotonic()
        for share in KILLS_AT:
            process = self.start(*run, "--quiet")
            while process.poll() is None and self.store_size() < share * to_do * VECTOR:
                time.sleep(0.02)
            self.assertIsNone(process.poll(), "the run ended before it could be killed")
            self.assertTrue(self.kill_after(process, 0))
        _, out, err = self.run_program(*run, expect=4, limit=1800)
        seconds = time.monotonic() - start
        self.assertEqual(out.count("FAILED"), 1, out + err[-2000:])
        self.assertIn(f"{TORN}: FAILED", out)

        results = sorted(path for path in self.databases.glob("*.db"))
        made = {path.stem.removesuffix("_ai_predictions_temp"): path for path in results
                if path.stem.endswith("_temp") or path.stem in ("1010", "1102", "Patricia", "dalia", "mixed-0919")}
        self.assertEqual(sorted(made), sorted(project for project, *_ in PROJECTS if project not in (DONE, TORN)))
        self.assertFalse(list(self.databases.glob("*.partial*")))
        for project, path in made.items():
            self.assertEqual(self.num_told(path), len(self.names[project]), project)
        print(f"{to_do} images in {seconds:.0f} s with three kills")

        self.run_program("predict", "validate", "data/training/ai_training_decisions", expect=0, limit=300)
        for project, path in made.items():
            if path.stem.endswith("_temp"):
                before = (self.databases / f"{project}.db").read_bytes()
                _, out, _ = self.run_program("predict", "merge", str(path), str(self.databases / f"{project}.db"), "--dry-run",
                                             limit=300)
                self.assertEqual((self.databases / f"{project}.db").read_bytes(), before)
        # A table that wants a user's choice refuses what has none: that is told once, not for each group.
        self.assertLess(len(out.splitlines()), 60, out)
        # Nothing is left to do, but what failed is tried again.
        _, out, _ = self.run_program(*run, "--quiet", expect=4, limit=120)
        self.assertIn("total: 1 project, 1 failed; 0 images", out)
        self.run_program("predict", "report", str(made["Patricia"]), str(made["Aiko_raw"]), "--out", "report.html", expect=0,
                         limit=300)
        self.look("report.html")

    def look(self, page):
        """As a browser shows it."""
        browser = shutil.which("chromium")
        picture = self.folder / "page.png"
        if browser:
            subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder}/browser",
                            f"--screenshot={picture}", "--window-size=1300,2600", f"file://{self.folder / page}"],
                           check=True, capture_output=True, timeout=120)
            # A page of nothing but white packs into a few kilobytes.
            self.assertGreater(picture.stat().st_size, 100_000)
        keep = os.environ.get("ASSAY_KEEP")
        if keep:
            for path in [*self.folder.glob("report*.html"), *self.folder.glob("page.png")]:
                shutil.copy(path, keep)


if __name__ == "__main__":
    programs.main()
