"""Disks that are full and folders that may not be written: a clear line, the old output intact, and a rerun goes on."""

import ctypes
import os
import shutil
import subprocess

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


class SmallDisk(programs.Case):
    """Outputs go to `disk`, a file system of a few kilobytes."""

    def setUp(self):
        super().setUp()
        if why_no_mounts:
            self.skipTest(f"needs {why_no_mounts}")
        (self.folder / "disk").mkdir()
        self.mount("size=32k")
        self.addCleanup(subprocess.run, ["umount", self.folder / "disk"], check=False)

    def mount(self, options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder / "disk"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"needs to mount a tmpfs ({done.stderr.strip()})")

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=8m", self.folder / "disk"], check=True)

    def fill(self):
        """Leave not a single page."""
        with open(self.folder / "disk" / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

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


class Unwritable(programs.Case):
    """An output folder that is not ours to write."""

    def setUp(self):
        super().setUp()
        self.words = []
        if os.geteuid() == 0:
            self.words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
            if subprocess.run([*self.words, "true"], check=False, capture_output=True).returncode != 0:
                self.skipTest("needs to drop privileges")
        (self.folder / "locked").mkdir()
        for name in ("report.csv", "missing.csv"):
            (self.folder / "locked" / name).write_bytes(b"old\n")
        (self.folder / "locked").chmod(0o555)
        self.addCleanup((self.folder / "locked").chmod, 0o755)

    def start(self, *arguments, **more):
        return subprocess.Popen([*self.words, programs.options.program, *arguments], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

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

    def test_missing(self):
        shutil.copy(programs.DATA / "jobs" / "small.parquet", self.folder)
        self.check("missing", "--parquet", "small.parquet", "--output", "locked/missing.csv", old="locked/missing.csv")
        self.check("missing", "--parquet", "small.parquet", "--output", "locked/new/missing.csv", old="locked/missing.csv")


if __name__ == "__main__":
    programs.main()
