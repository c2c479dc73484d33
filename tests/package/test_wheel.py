"""The wheel that `./dev wheel` makes: what is in it, and whether it runs where nothing else of ours is.

One such place is a virtual environment of this machine, with no compiler on the path. The other is Ubuntu 22.04, made
once by debootstrap in build/package-test; without root, debootstrap or Ubuntu's mirror that test skips.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "package-test"
PYTHON = ROOT / ".deps" / "python-venv" / "bin" / "python"
UBUNTU = "http://archive.ubuntu.com/ubuntu"
SKIPPED = 77

# What a miner would do first.
TRIAL = """
import sys, assay
with assay.DataLogger("data", miner_uid=226) as log:
    gid = log.start_generation("TEXT-TO-3D", "a red cube")
    log.log_feedback(gid, 0.5)
    log.finish(gid)
records = assay.history.read("data", columns=["timestamp", "score"])
print(type(records.__arrow_c_stream__()).__name__, records.column_names, sys.version_info[:2])
"""


def output_of(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def setUpModule():
    global wheel, run, version
    wheel = ROOT / re.search(r"^(build/package/\S+\.whl) ", output_of(ROOT / "dev", "wheel"), re.MULTILINE)[1]
    version = re.search(r"-cp3(\d+)-", wheel.name)[1]
    WORK.mkdir(parents=True, exist_ok=True)
    run = pathlib.Path(tempfile.mkdtemp(prefix="wheel-", dir=WORK))


def tearDownModule():
    shutil.rmtree(run, ignore_errors=True)


class Contents(unittest.TestCase):
    def setUp(self):
        self.folder = run / "contents"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.folder)

    def test_auditwheel_finds_it_portable(self):
        (tools,) = (ROOT / ".deps").glob(f"wheel-venv-3.{version}")
        path = os.pathsep.join([str(tools / "bin"), os.environ["PATH"]])
        shown = output_of(tools / "bin" / "python", "-m", "auditwheel", "show", wheel, env={**os.environ, "PATH": path})
        found = re.search(r'platform tag:\s+"manylinux_2_(\d+)_x86_64"', re.sub(r"\s+", " ", shown))
        self.assertTrue(found and int(found[1]) <= 34, shown)
        self.assertRegex(wheel.name, r"^assay-[0-9.]+-cp3\d+-(cp3\d+|abi3)-manylinux_2_34_x86_64\.whl$")

    def test_needs_nothing_but_the_c_library(self):
        (module,) = self.folder.rglob("*.so*")
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", module)))
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"})
        exported = [line.split()[-1] for line in output_of("nm", "-D", "--defined-only", module).splitlines()]
        self.assertEqual(exported, ["PyInit__records"])
        self.assertNotIn(".symtab", output_of("readelf", "-SW", module), "not stripped")
        self.assertNotIn(os.fsencode(ROOT), module.read_bytes(), "a path of the machine that built it")

    def test_carries_its_types_and_terms(self):
        files = {path.name for path in self.folder.rglob("*")}
        self.assertLessEqual({"py.typed", "_records.pyi", "history.py", "compat.py", "LICENSE"}, files)
        terms = {path.stem for path in self.folder.glob("*.dist-info/licenses/*.txt")}
        self.assertLessEqual({"simdjson", "nanobind", "libssl-dev", "zlib1g-dev", "libfmt-dev"}, terms)


class OnThisMachine(unittest.TestCase):
    def test_installs_in_a_clean_environment_without_a_compiler(self):
        (tools,) = (ROOT / ".deps").glob(f"wheel-venv-3.{version}")
        clean = run / "clean"
        output_of(tools / "bin" / "python", "-m", "venv", clean)
        environment = {"PATH": str(clean / "bin"), "HOME": str(run)}
        output_of(clean / "bin" / "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel, env=environment)
        (run / "work").mkdir()
        printed = output_of(clean / "bin" / "python", "-c", TRIAL, cwd=run / "work", env=environment)
        self.assertTrue(printed.startswith("PyCapsule ['timestamp', 'score']"), printed)

    def test_passes_the_tests_of_the_package(self):
        if not PYTHON.exists() or f"3.{version}" not in output_of(PYTHON, "--version"):
            self.skipTest("needs the environment of ./dev setup")
        folder = run / "tested"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        output_of(PYTHON, "-m", "pytest", "-q", "-c", ROOT / "python" / "pyproject.toml", ROOT / "python" / "tests",
                  env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}, cwd=run)


def why_no_ubuntu():
    if os.geteuid() != 0:
        return "needs root, for chroot"
    return next((f"needs {name}" for name in ("debootstrap", "unshare") if not shutil.which(name)), None)


@unittest.skipIf(why_no_ubuntu(), why_no_ubuntu())
class OnUbuntu2204(unittest.TestCase):
    def run_inside(self, machine, *command, network="host"):
        enter = ('mount -t proc proc "$0/proc" && exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/srv '
                 'DEBIAN_FRONTEND=noninteractive "$@"')
        separate = ["--net"] if network == "none" else []
        return output_of("unshare", "--mount", "--propagation", "private", *separate, "sh", "-c", enter, machine, *command)

    def base(self):
        """Ubuntu with the Python that the wheel is for. The first step looks at no signatures, since Debian has not
        Ubuntu's keys; apt's, inside, does."""
        base, ready = WORK / f"jammy-3.{version}", WORK / f"jammy-3.{version}.ready"
        if ready.exists():
            return base
        shutil.rmtree(base, ignore_errors=True)
        made = subprocess.run(["debootstrap", "--no-check-gpg", "--variant=minbase", "jammy", base, UBUNTU],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            self.skipTest(f"debootstrap of Ubuntu 22.04 failed: {made.stdout[-300:]}")
        suites = ("jammy", "jammy-updates")
        (base / "etc/apt/sources.list").write_text("".join(f"deb {UBUNTU} {suite} main universe\n" for suite in suites))
        shutil.copy("/etc/resolv.conf", base / "etc/resolv.conf")
        proxies = [f"{name}={value}" for name, value in os.environ.items() if name.lower() in ("http_proxy", "no_proxy")]
        self.run_inside(base, *proxies, "apt-get", "update", "-q")
        self.run_inside(base, *proxies, "apt-get", "install", "-qy", "--no-install-recommends", f"python3.{version}-venv")
        ready.touch()
        return base

    def test_runs_with_the_system_s_own_libraries(self):
        machine = run / "jammy"
        subprocess.run(["cp", "-a", "--reflink=auto", self.base(), machine], check=True)
        shutil.copy(wheel, machine / "srv")
        command = (f"cd /srv && python3.{version} -m venv clean && clean/bin/pip install --quiet --no-index ./{wheel.name} && "
                   'clean/bin/python -c "$0" && ldd clean/lib/python3*/site-packages/assay/*.so')
        printed = self.run_inside(machine, "sh", "-c", command, TRIAL, network="none")
        self.assertTrue(printed.startswith("PyCapsule ['timestamp', 'score']"), printed)
        self.assertNotIn("not found", printed)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    if result.wasSuccessful() and result.skipped:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
