"""The object servers that are Go modules: built once per build folder, from pinned versions."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import typing

# Two of them stay below the time-out that ctest has for a test.
BUILD_WITHIN_S = 1000


class Module(typing.NamedTuple):
    package: str
    version: str
    go: tuple[int, int]  # the oldest compiler that its go.mod takes


# minio is newer than its last release that can be had as a module.
MODULES = {
    "fake-gcs-server": Module("github.com/fsouza/fake-gcs-server", "v1.56.1", (1, 26)),
    "minio": Module("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c", (1, 24)),
}


class Unavailable(Exception):
    """Why a server cannot be had here."""


def check_compiler(name):
    if shutil.which("go") is None:
        raise Unavailable(f"{name} needs Go, which is not installed")
    told = subprocess.run(["go", "env", "GOVERSION"], check=False, capture_output=True, text=True,
                          env={**os.environ, "GOTOOLCHAIN": "local"}).stdout.strip()
    version = re.match(r"go(\d+)\.(\d+)", told)
    wanted = MODULES[name].go
    if version is None or tuple(map(int, version.groups())) < wanted:
        raise Unavailable(f"{name} needs Go {wanted[0]}.{wanted[1]} or newer; this is {told or 'unknown'}")


def build(name, folder):
    """The path of the program; Unavailable, with the reason, where it cannot be built."""
    module = MODULES[name]
    program = pathlib.Path(folder) / f"{name}-{module.version}"
    if program.exists():
        return str(program)
    check_compiler(name)
    program.parent.mkdir(parents=True, exist_ok=True)
    # Moved into place when whole: a build that was cut short must not look like a program.
    with tempfile.TemporaryDirectory(dir=program.parent) as unfinished:
        environment = {**os.environ, "GOBIN": unfinished, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off",
                       "CGO_ENABLED": "0"}
        try:
            made = subprocess.run(["go", "install", f"{module.package}@{module.version}"], check=False, cwd=unfinished,
                                  env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=BUILD_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{name} could not be built within {BUILD_WITHIN_S} s") from None
        if made.returncode != 0:
            raise Unavailable(f"{name} could not be built: {' / '.join(made.stderr.strip().splitlines()[-3:])}")
        os.replace(pathlib.Path(unfinished) / name, program)
    return str(program)
