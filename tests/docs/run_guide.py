#!/usr/bin/env python3
"""Run every `sh` block of a guide, in order, in one fresh folder: what the page says must work.

usage: run_guide.py --assay PROGRAM --make-export PROGRAM --object-server PROGRAM [--copy FOLDER:NAME] [--prepare SCRIPT.py] GUIDE.md

A block may say which exit code it expects: ```sh exit=4. The folder holds export.parquet and
gcs_service_account.json, what --copy names, and what --prepare writes; the store is the project's object server on a free loopback port.
What a page serves at 127.0.0.1:8404 is served at a free port too.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HUB = pathlib.Path(__file__).resolve().parent.parent / "servers" / "dataset_hub.py"
BLOCK = re.compile(r"^```sh(?: exit=(\d+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--assay", type=pathlib.Path, required=True)
    parser.add_argument("--make-export", type=pathlib.Path, required=True)
    parser.add_argument("--object-server", type=pathlib.Path, required=True)
    parser.add_argument("--copy", action="append", default=[], help="a folder, and what it is called there")
    parser.add_argument("--prepare", type=pathlib.Path, help="a Python script to run in the folder first")
    parser.add_argument("--hub", type=pathlib.Path, help="a folder that a hub of data sets serves, as HF_ENDPOINT")
    parser.add_argument("guide", type=pathlib.Path)
    options = parser.parse_args()
    blocks = BLOCK.findall(options.guide.read_text())
    if not blocks:
        sys.exit(f"{options.guide}: no sh block found")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        subprocess.run([options.make_export.resolve(), "export.parquet", "--objects", "objects.tsv", "--faults", "0.02", "--absent", "0.03"],
                       cwd=work, check=True, stdout=subprocess.DEVNULL)
        for copy in options.copy:
            source, _, name = copy.rpartition(":")
            shutil.copytree(source, work / name)
        if options.prepare:
            subprocess.run([sys.executable, options.prepare.resolve()], cwd=work, check=True)
        server = subprocess.Popen(
            [options.object_server.resolve(), "--port", "0", "--objects", work / "objects.tsv", "--token-endpoint"],
            stdout=subprocess.PIPE, text=True)
        hub = None
        shells = []
        try:
            if options.hub:
                hub = subprocess.Popen([sys.executable, HUB, options.hub.resolve()], stdout=subprocess.PIPE, text=True)
                os.environ["HF_ENDPOINT"] = "http://" + hub.stdout.readline().split()[-1]
            address = server.stdout.readline().rsplit(" ", 1)[-1].strip()
            key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                                 check=True, capture_output=True, text=True).stdout
            (work / "gcs_service_account.json").write_text(json.dumps(
                {"type": "service_account", "client_email": "guide@guide.invalid", "private_key": key,
                 "token_uri": f"http://{address}/token"}))
            environment = {**os.environ, "STORAGE_EMULATOR_HOST": f"http://{address}",
                           "PATH": f"{options.assay.resolve().parent}:{os.environ['PATH']}",
                           "XDG_STATE_HOME": str(work / "state")}
            port = free_port()
            for expected, block in blocks:
                block = block.replace("127.0.0.1:8404", f"127.0.0.1:{port}")
                shell = subprocess.Popen(["bash", "-e", "-c", block], cwd=work, env=environment, text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
                shells.append(shell)
                output, _ = shell.communicate(timeout=600)
                print(f"$ {block}{output}", end="")
                if shell.returncode != int(expected or 0):
                    print(f"exit {shell.returncode}, expected {expected or 0}")
                    return 1
        finally:
            # What a block that failed has left running belongs to its group.
            for shell in shells:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()
            for process in (server, hub) if hub else (server,):
                process.terminate()
                process.wait(timeout=10)
    print(f"{len(blocks)} blocks run")
    return 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
