"""Disks that are full and folders that may not be written: a clear line, the old output intact, and a rerun goes on."""

import ctypes
import http.client
import json
import os
import shutil
import subprocess
import sys

import predict_batch
import programs

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
NUM_OBJECTS = 2900
why_no_mounts = "not tried"


def own_mounts():
    """Take this process into a mount namespace of its own; why not, if that is impossible."""
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if library.unshare(CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER) != 0:
        return f"a mount namespace of its own ({os.strerror(ctypes.get_errno())})"
    try:
        if user != 0:
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"private mounts ({done.stderr.strip()})"
    except OSError as error:
        return f"a user namespace ({error})"


def setUpModule():  # noqa: N802, the name is the library's
    global why_no_mounts
    why_no_mounts = own_mounts()


class MountedDisk(programs.Case):
    """A small file system at `disk`."""

    size = "32k"
    grown = "8m"

    def setUp(self):
        super().setUp()
        if why_no_mounts:
            self.skipTest(f"needs {why_no_mounts}")
        (self.folder / "disk").mkdir()
        self.mount(f"size={self.size}")
        self.addCleanup(subprocess.run, ["umount", self.folder / "disk"], check=False)

    def mount(self, options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder / "disk"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"needs to mount a tmpfs ({done.stderr.strip()})")

    def grow(self):
        subprocess.run(["mount", "-o", f"remount,size={self.grown}", self.folder / "disk"], check=True)

    def fill(self):
        """Leave not a single page."""
        with open(self.folder / "disk" / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass


class SmallDisk(MountedDisk):
    """Outputs go to a file system of a few kilobytes."""

    def check_full(self, *arguments, output):
        self.fill()
        before = self.files()
        _, out, err = self.run_program("audit", *arguments, expect=6)
        self.assertEqual(out, "")
        self.assert_one_clear_line(err, "space", "disk/")
        self.assertEqual(self.files(), before, "something half-written was left behind")
        self.assertEqual(self.read(output), b"old\n")

    def old(self, name):
        (self.folder / name).write_bytes(b"old\n")
        return name

    def test_verify_stops_when_the_journal_cannot_grow_and_goes_on_when_there_is_space(self):
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        command = ["audit", "verify", "--parquet", "many.parquet", "--output", "disk/report.csv", "--no-list", "--quiet",
                   "--concurrency", "16"]
        self.old("disk/report.csv")
        with programs.Server("--all-exist") as server:
            self.at(server)
            _, out, err = self.run_program(*command, expect=6)
            self.assertEqual(out, "")
            self.assert_one_clear_line(err, "space", "disk/")
            self.assertEqual(self.read("disk/report.csv"), b"old\n")
            first = server.stats()["requests"]
            self.assertLess(first, NUM_OBJECTS)
            self.grow()
            _, out, _ = self.run_program(*command, expect=0)
            self.assertEqual(out, "Checked 3000 images (from 3000 jobs). 3000 found, 0 missing. Report: disk/report.csv\n")
            # What fitted on the disk is not asked again: a record of at most 128 bytes each, less what was in flight.
            self.assertLessEqual(server.stats()["requests"] - first, NUM_OBJECTS - 32 * 1024 // 128 + 4 * 16)
        self.assertEqual(self.read("disk/report.csv").count(b"\r\n"), 3001)
        self.assertEqual(os.listdir(self.folder / "disk"), ["report.csv"])

    def test_verify_does_not_begin_on_a_full_disk(self):
        shutil.copy(programs.DATA / "jobs" / "small.parquet", self.folder)
        with programs.Server("--all-exist") as server:
            self.at(server)
            self.old("disk/report.csv")
            self.fill()
            _, _, err = self.run_program("audit", "verify", "--parquet", "small.parquet", "--output", "disk/report.csv", expect=6)
            self.assert_one_clear_line(err, "space", "disk/")
            self.assertEqual(self.read("disk/report.csv"), b"old\n")
            self.assertEqual(server.stats()["addresses"], 0, "answers were asked for that cannot be kept")

    def test_missing(self):
        shutil.copy(programs.DATA / "jobs" / "small.parquet", self.folder)
        self.check_full("missing", "--parquet", "small.parquet", "--output", "disk/missing.csv",
                        output=self.old("disk/missing.csv"))

    def test_flag(self):
        shutil.copy(programs.DATA / "jobs" / "small_missing.csv", self.folder)
        self.check_full("flag", "--summary", "small_missing.csv", "--output", "disk/flagged.csv", "--min-missing", "1",
                        output=self.old("disk/flagged.csv"))

    def test_redact(self):
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        self.old("disk/shareable.parquet")
        before = self.files()
        _, _, err = self.run_program("audit", "redact", "--parquet", "many.parquet", "--output", "disk/shareable.parquet", expect=6)
        self.assert_one_clear_line(err, "space", "disk/")
        self.assertEqual(self.files(), before, "something half-written was left behind")
        self.assertEqual(self.read("disk/shareable.parquet"), b"old\n")

    def test_run(self):
        shutil.copy(programs.DATA / "jobs" / "claims.parquet", self.folder)
        self.old("disk/audit.html")
        self.check_full("run", "--parquet", "claims.parquet", "--out", "disk", "--no-verify", output="disk/audit.html")


class SmallHistory(MountedDisk):
    """A miner records until the disk is full: it is told so, loses nothing that was answered for, and goes on with space."""

    size = "2m"
    grown = "16m"

    def setUp(self):
        super().setUp()
        self.recorded = []

    def record_until_full(self, record):
        """`record(name, prompt)` says whether it was recorded; the events that were refused."""
        refused = 0
        for number in range(5000):
            name = f"g{number}"
            if record(name, f"chair {number} " + "x" * 3000):
                self.recorded.append(name)
            else:
                refused += 1
                if refused == 10:
                    return
        self.fail("the disk was never full")

    def check_all_is_there(self):
        data = self.folder / "disk/data"
        lines = (data / "generation_history.jsonl").read_text(encoding="utf-8").splitlines()
        finished = [json.loads(line)["metadata"]["generation_id"] for line in lines]
        self.assertEqual(len(finished), len(set(finished)), "a record is there twice")
        pending = json.loads((data / "pending_generations.json").read_text(encoding="utf-8"))
        self.assertEqual(sorted({*finished, *pending}), sorted(self.recorded))

    def test_append_goes_on_when_there_is_space(self):
        process = subprocess.Popen(
            [programs.options.program, "history", "append", "--data-dir", "disk/data"], cwd=self.folder,
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        refusals = set()

        def ask(**event):
            process.stdin.write(json.dumps(event) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            if "error" in answer:
                refusals.add(str(answer["error"]))
            return answer.get("generation_id") == event["generation_id"]

        def record(name, prompt):
            return ask(event="start", generation_id=name, task_type="TEXT-TO-3D", prompt=prompt)

        self.record_until_full(record)
        self.assertTrue(all("space" in refusal for refusal in refusals), refusals)
        self.assertGreater(len(self.recorded), 50)
        self.grow()
        self.assertTrue(ask(event="finish", generation_id=self.recorded[0]))
        for number in range(20):
            name = f"later-{number}"
            self.assertTrue(record(name, "chair"))
            self.recorded.append(name)
        _, err = process.communicate(timeout=60 * programs.patience())
        self.assertEqual(process.returncode, 6, err)  # some of the events met a full disk
        self.assertIn("alert: events are refused", err)
        self.check_all_is_there()

    def test_the_daemon_answers_507_and_goes_on_when_there_is_space(self):
        daemon = self.start("serve", "--history", "disk/data", "--listen", "127.0.0.1:0")
        self.addCleanup(daemon.kill)
        connection = http.client.HTTPConnection("127.0.0.1", int(daemon.stdout.readline().rsplit(":", 1)[1]), timeout=60)
        self.addCleanup(connection.close)
        statuses = set()

        def ask(method, target, body=None):
            connection.request(method, target, body=None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read().decode()
            return response.status, text

        def record(name, prompt):
            status, _ = ask("POST", "/v1/history/generations", {"generation_id": name, "task_type": "text", "prompt": prompt})
            statuses.add(status)
            return status == 201

        self.record_until_full(record)
        self.assertEqual(statuses, {201, 507})
        self.assertIn('assay_history_alert{alert="refusing"} 1', ask("GET", "/metrics")[1])
        self.assertEqual(ask("GET", "/healthz")[0], 503)
        self.grow()
        for number in range(20):
            self.assertTrue(record(f"later-{number}", "chair"))
            self.recorded.append(f"later-{number}")
        self.assertIn('assay_history_alert{alert="refusing"} 0', ask("GET", "/metrics")[1])
        connection.close()
        daemon.terminate()
        _, err = daemon.communicate(timeout=60 * programs.patience())
        self.assertEqual(daemon.returncode, 0, err)
        self.check_all_is_there()


class SmallCache(MountedDisk):
    """Images are taken in until the disk is full: those that are there are whole, and the same command goes on with space."""

    size = "600k"
    grown = "16m"

    def test_import_goes_on_when_there_is_space(self):
        subprocess.run([sys.executable, programs.DATA / "cache/make_photos.py", self.folder / "photos", "150", "--side", "256"],
                       check=True)
        command = ("cache", "import", "photos", "--label", "none", "--cache-dir", "disk/cache", "--quiet", "--keep-free", "0B")
        _, out, err = self.run_program(*command, expect=6)
        self.assertEqual(out, "")
        self.assert_one_clear_line(err, "disk/")
        images = self.folder / "disk/cache/Roadwork/image"
        for path in images.glob("*.png"):
            self.assertTrue(path.with_suffix(".json").exists(), path.name)
        self.run_program("cache", "status", "--cache-dir", "disk/cache", expect=0)
        _, out, _ = self.run_program("cache", "doctor", "--cache-dir", "disk/cache", "--json", expect=0)
        self.assertIn('"cause": "disk_full"', out)
        self.grow()
        self.run_program(*command, expect=0)
        _, out, _ = self.run_program("cache", "verify", "--cache-dir", "disk/cache", "--quiet", expect=0)
        self.assertTrue(out.startswith("150 images read"), out)

    def test_each_verb_on_a_disk_without_a_page(self):
        """One clear line, nothing half-written, and the same command works with space."""
        table = programs.DATA / "cache/tables/extract/binary_column.parquet"
        for name in ("photos", "more"):
            subprocess.run([sys.executable, programs.DATA / "cache/make_photos.py", self.folder / name, "2",
                            "--first", "10" if name == "photos" else "20"], check=True)
        at_disk = ("--cache-dir", "disk/cache", "--quiet")
        self.run_program("cache", "import", "photos", "--label", "none", "--keep-free", "0B", *at_disk, expect=0)
        (self.folder / "disk/cache/Roadwork/image/by_hand.png").write_bytes((self.folder / "more/image_020.png").read_bytes())
        self.run_program("cache", "status", *at_disk, expect=0)
        self.fill()
        verbs = ((("import", "more", "--label", "none", "--keep-free", "0B"), (6,)),
                 (("label", "by_hand.png", "--label", "none"), (6,)),
                 (("update", "--from", table, "--count", "2", "--keep-free", "0B"), (6,)),
                 (("generate", "--kind", "t2i", "--count", "1", "--keep-free", "0B"), (6,)),
                 (("export", "disk/out"), (6,)),
                 (("export", "disk/out.tar", "--webdataset"), (6,)),
                 (("contact-sheet", "--out", "disk/sheet.html"), (6,)))
        for verb, codes in verbs:
            with self.subTest(verb=verb[0]):
                code, _, err = self.run_program("cache", *verb, *at_disk, expect=None)
                self.assertIn(code, codes, err)
                self.assert_one_clear_line(err, "space")
                self.assertFalse(any((self.folder / "disk").glob("out/**/*.*")), "half an export")
        for verb in ("status", "verify", "doctor", "sample"):
            self.run_program("cache", verb, *at_disk, expect=0)
        _, _, err = self.run_program("cache", "gc", "--max-size", "1B", *at_disk, expect=6)
        self.assert_one_clear_line(err, "space", "remove some file first")
        (self.folder / "disk/ballast").unlink()
        self.grow()
        for verb, _ in verbs:
            with self.subTest(verb=verb[0]):
                self.run_program("cache", *verb, *at_disk, expect=0)

    def test_import_leaves_the_reserve_free(self):
        subprocess.run([sys.executable, programs.DATA / "cache/make_photos.py", self.folder / "photos", "3"], check=True)
        _, out, err = self.run_program("cache", "import", "photos", "--label", "none", "--cache-dir", "disk/cache", "--quiet",
                                       expect=6)
        self.assertEqual(out, "")
        self.assert_one_clear_line(err, "disk/cache", "--keep-free")


class SmallPredict(MountedDisk, predict_batch.Case):
    """Predictions until the disk is full: what was embedded stays, and the same command goes on with space."""

    size = "16m"

    def test_a_batch_goes_on_when_there_is_space(self):
        self.run_program(*self.command(self.root("whole")), expect=4)  # some images are broken
        expected = self.databases("whole")
        for room in (0, 64 * 1024, 256 * 1024):
            with self.subTest(room=room):
                root = self.root("disk/data")
                self.fill()
                ballast = self.folder / "disk/ballast"
                os.truncate(ballast, ballast.stat().st_size - room)
                _, out, err = self.run_program(*self.command(root), expect=6)
                self.assert_one_clear_line(err, "space", "disk/")
                ballast.unlink()
                found = self.databases(root)
                self.assertEqual(found, {name: expected[name] for name in found})
                self.run_program(*self.command(root), expect=4)
                self.assertEqual(self.databases(root), expected)
                shutil.rmtree(self.folder / root)


class Locked(programs.Case):
    """A folder that is not ours to write."""

    def setUp(self):
        super().setUp()
        self.words = []
        if os.geteuid() == 0:
            self.words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
            if subprocess.run([*self.words, "true"], check=False, capture_output=True).returncode != 0:
                self.skipTest("needs to drop privileges")
        (self.folder / "locked").mkdir()
        self.lock("locked")

    def lock(self, name):
        (self.folder / name).chmod(0o555)
        self.addCleanup((self.folder / name).chmod, 0o755)

    def start(self, *arguments, **more):
        return subprocess.Popen([*self.words, programs.options.program, *arguments], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


class UnwritablePredict(Locked, predict_batch.Case):
    def test_a_root_is_told_once_and_before_anything_is_embedded(self):
        root = self.root("root")
        self.lock("root/ai_data")
        self.lock("root")
        before = self.files()
        _, out, err = self.run_program(*self.command(root), expect=5)
        self.assertEqual(out, "")
        self.assert_one_clear_line(err, "root/ai_data")
        self.assertEqual(self.files(), before)

    def test_a_folder_of_databases_is_told_of_each_project(self):
        root = self.root("root")
        (self.folder / "root/training/ai_training_decisions").mkdir(parents=True)
        self.lock("root/training/ai_training_decisions")
        _, out, err = self.run_program(*self.command(root), expect=4)
        for project in predict_batch.PROJECTS:
            line = next(line for line in out.splitlines() if line.startswith(f"{project}: FAILED"))
            self.assertIn("ai_training_decisions", line)
        self.assertEqual(self.databases(root), {})
        # What was embedded is not embedded again.
        (self.folder / "root/training/ai_training_decisions").chmod(0o755)
        _, out, _ = self.run_program(*self.command(root), expect=4)
        self.assertEqual(out.count(" 0 embedded"), len(predict_batch.PROJECTS), out)


class Unwritable(Locked):
    """An output folder that is not ours to write."""

    def setUp(self):
        super().setUp()
        (self.folder / "locked").chmod(0o755)
        for name in ("report.csv", "missing.csv"):
            (self.folder / "locked" / name).write_bytes(b"old\n")
        (self.folder / "locked").chmod(0o555)

    def check(self, *arguments, old):
        _, out, err = self.run_program("audit", *arguments, expect=5)
        self.assertEqual(out, "")
        self.assert_one_clear_line(err, "locked")
        self.assertEqual(self.read(old), b"old\n")

    def test_verify_finds_out_before_it_asks(self):
        shutil.copy(programs.DATA / "jobs" / "small.parquet", self.folder)
        with programs.Server("--all-exist") as server:
            self.at(server)
            self.check("verify", "--parquet", "small.parquet", "--output", "locked/report.csv", old="locked/report.csv")
            self.assertEqual(server.stats()["requests"], 0)

    def test_a_cache_is_looked_at_but_not_changed(self):
        subprocess.run([sys.executable, programs.DATA / "cache/make_photos.py", self.folder / "photos", "2"], check=True)
        (self.folder / "locked").chmod(0o755)
        subprocess.run([sys.executable, programs.DATA / "cache/make_photos.py", self.folder / "locked/Roadwork/image", "2"],
                       check=True)
        (self.folder / "locked").chmod(0o555)
        before = self.files()
        table = programs.DATA / "cache/tables/extract/binary_column.parquet"
        for verb in (("import", "photos", "--label", "none"), ("label", "image_001.png", "--label", "none"),
                     ("sample",), ("gc",), ("update", "--from", table, "--count", "1"),
                     ("generate", "--kind", "t2i", "--count", "1")):
            _, out, err = self.run_program("cache", *verb, "--cache-dir", "locked", "--quiet", expect=5)
            self.assertEqual(out, "")
            self.assert_one_clear_line(err, "locked")
        for verb in (("status",), ("verify",), ("doctor",), ("gc", "--dry-run"), ("export", "out"),
                     ("contact-sheet", "--out", "sheet.html")):
            self.run_program("cache", *verb, "--cache-dir", "locked", "--quiet", "--json", expect=0)
        _, out, _ = self.run_program("cache", "doctor", "--cache-dir", "locked", expect=0)
        self.assertIn("The cache cannot be written", out)
        self.assertEqual([path for path in self.files() if path.startswith("locked")],
                         [path for path in before if path.startswith("locked")])

    def test_missing(self):
        shutil.copy(programs.DATA / "jobs" / "small.parquet", self.folder)
        self.check("missing", "--parquet", "small.parquet", "--output", "locked/missing.csv", old="locked/missing.csv")
        self.check("missing", "--parquet", "small.parquet", "--output", "locked/new/missing.csv", old="locked/missing.csv")


if __name__ == "__main__":
    programs.main()
