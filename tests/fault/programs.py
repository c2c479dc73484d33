"""The programs under test, and the folders and servers that each test gets.

Every test file here ends in `programs.main()`, which takes the programs' paths from the command line:
test_x.py --program ASSAY --server OBJECT_SERVER [--make-export MAKE_EXPORT] [--slow-reads LIBRARY] [--sanitized]
[unittest's arguments]
"""

import argparse
import http.client
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
SEED = 20251027
FULL = os.environ.get("ASSAY_TEST_FULL") == "1"
GIBIBYTE = 1 << 30
SKIPPED = 77  # what ctest is told when every test was skipped

options = argparse.Namespace(program="assay", server="object_server", make_export=None, slow_reads=None, sanitized=False)


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--program", required=True, type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--server", required=True, type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--make-export", type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--slow-reads", type=lambda text: str(pathlib.Path(text).resolve()), help="a library to preload")
    parser.add_argument("--sanitized", action="store_true", help="the program is slow and reserves much memory")
    _, rest = parser.parse_known_args(namespace=options)
    result = unittest.main(module="__main__", argv=[sys.argv[0], *rest], exit=False).result
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    if result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)


def patience():
    """How much longer everything may take; most is done in a fraction of it."""
    return 10 if options.sanitized else 4


class Server:
    """One object_server with the given flags, for the span of a `with`."""

    def __init__(self, *flags):
        self.process = subprocess.Popen([options.server, "--stop-after", "300", *flags], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def stats(self):
        host, port = self.address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            connection.request("GET", "/_stats?paths=1")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def wait_for_requests(self, count, process):
        """Return once the server has had `count` requests, or the process has ended."""
        while process.poll() is None and self.stats()["requests"] < count:
            time.sleep(0.004)


class Case(unittest.TestCase):
    """A test with a fresh folder and a clean environment."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="assay-fault-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "work"
        self.folder.mkdir()
        home = pathlib.Path(folder.name) / "home"
        home.mkdir()
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(home), "LANG": "C.UTF-8",
                            "TZ": "UTC", "NO_PROXY": "127.0.0.1",
                            # How full the disk of this machine is must not show in an output.
                            "ASSAY_HISTORY_MIN_FREE_SHARE": "0"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def at(self, server):
        """From now on objects are asked of this server."""
        self.environment["STORAGE_EMULATOR_HOST"] = f"http://{server.address}"

    def key_file(self, server, name="key.json"):
        key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                             check=True, capture_output=True, text=True).stdout
        (self.folder / name).write_text(json.dumps(
            {"type": "service_account", "client_email": "auditor@test.invalid", "private_key_id": "1",
             "private_key": key, "token_uri": f"http://{server.address}/token"}), encoding="utf-8")
        return name

    def make_export(self, name, rows):
        """An export of the usual shape; the test is skipped where there is no program to write one."""
        if options.make_export is None:
            self.skipTest("needs --make-export")
        subprocess.run([options.make_export, self.folder / name, "--rows", str(rows), "--row-group", str(max(rows // 8, 1))],
                       check=True, stdout=subprocess.DEVNULL)
        return name

    def start(self, *arguments, **more):
        return subprocess.Popen([options.program, *arguments], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                errors="replace", **more)

    def run_program(self, *arguments, expect=None, limit=60.0, **more):
        """Exit status, stdout, stderr; fails on a death by signal, a hang, and an exit status that is not expected."""
        process = self.start(*arguments, **more)
        try:
            out, err = process.communicate(timeout=limit * patience())
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"{' '.join(map(str, arguments))}: still running after {limit * patience()} s\n{err}")
        code = process.returncode
        self.assertGreaterEqual(code, 0, f"died of signal {-code}: {arguments}\n{err[-3000:]}")
        self.assertNotIn("Sanitizer", err)
        self.assertNotIn("bug:", err)
        if expect is not None:
            self.assertEqual(code, expect, f"{arguments}\n{out}{err[-3000:]}")
        return code, out, err

    def kill_after(self, process, seconds):
        """kill -9 once the seconds are over; whether the process was still running."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def wait_until(self, is_so, what):
        """Return once it is so, however slow the machine is."""
        deadline = time.monotonic() + 60 * patience()
        while not is_so():
            self.assertLess(time.monotonic(), deadline, f"never came: {what}")
            time.sleep(0.002)

    def assert_one_clear_line(self, err, *names):
        """The failure is told in one line for a person, which names what it is about."""
        lines = [line for line in err.splitlines() if line.startswith("assay: ")]
        self.assertEqual(len(lines), 1, err)
        self.assertEqual(err.splitlines()[-1], lines[0], err)
        for name in names:
            self.assertIn(name, lines[0])

    def assert_same(self, found, expected, what):
        """assertEqual for contents too long to print."""
        if found == expected:
            return
        at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
        self.fail(f"{what}: {len(found)} bytes in place of {len(expected)}; the first difference is at {at}: "
                  f"{found[max(at - 40, 0):at + 40]} in place of {expected[max(at - 40, 0):at + 40]}")

    def read(self, name):
        return (self.folder / name).read_bytes()

    def files(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


def limit_memory():
    """For preexec_fn: no more than a gibibyte. Sanitizers reserve terabytes, and are limited by their own option."""
    resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
