#!/usr/bin/env python3
"""The demo: an export of a busy week, a local object server that holds most of what it claims, and the audit.

Run by `./dev demo`, which builds the programs first. Everything made lies in build/demo and reports/.
"""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
WORK = ROOT / "build" / "demo"
REPORTS = ROOT / "reports"


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def find_program(name: str) -> pathlib.Path:
    found = [path for path in RELEASE.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        sys.exit(f"demo: {name} was not built; run ./dev demo")
    return found[0]


def make_key(path: pathlib.Path, token_uri: str) -> None:
    """A service account of nobody: a fresh key that only the local server accepts."""
    import json

    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                         check=True, capture_output=True, text=True).stdout
    path.write_text(json.dumps({"type": "service_account", "client_email": "demo@demo.invalid", "private_key_id": "demo",
                                "private_key": key, "token_uri": token_uri}))
    path.chmod(0o600)


class ObjectServer:
    """The project's own object server on a free port of 127.0.0.1, ended by its process id."""

    def __init__(self, objects: pathlib.Path):
        self.process = subprocess.Popen(
            [find_program("object_server"), "--port", "0", "--objects", objects, "--token-endpoint"],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.address = line.rsplit(" ", 1)[-1].strip()
        if ":" not in self.address:
            sys.exit("demo: the object server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)


def demo_audit() -> int:
    export, objects, key = WORK / "export.parquet", WORK / "objects.tsv", WORK / "service-account.json"
    say("writing an export of 7,884 jobs and the list of the objects that exist")
    subprocess.run([find_program("make_export"), export, "--objects", objects, "--faults", "0.02", "--absent", "0.03"], check=True)
    with ObjectServer(objects) as server:
        make_key(key, f"http://{server.address}/token")
        say("auditing it: which miners claim success for images that do not exist?")
        start = time.monotonic()
        command = [RELEASE / "assay", "audit", "run", "--parquet", export, "--out", REPORTS, "--credentials", key]
        done = subprocess.run(command, env={**os.environ, "STORAGE_EMULATOR_HOST": f"http://{server.address}"})
        took = time.monotonic() - start
    # Some objects are denied on purpose: 4 and 5 say that not every answer is known.
    if done.returncode not in (0, 4, 5):
        return done.returncode
    say(f"done in {took:.1f} s; open {(REPORTS / 'audit.html').relative_to(ROOT)} in a browser")
    return 0


def main() -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    return demo_audit()


if __name__ == "__main__":
    sys.exit(main())
