#!/usr/bin/env python3
"""The demo, in two parts: the audit of a busy week's export, and a whole local network whose jobs are audited.

Run by `./dev demo`, which builds the programs first. Everything made lies in build/demo and reports/.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
ASSAY = RELEASE / "assay"
WORK = ROOT / "build" / "demo"
REPORTS = ROOT / "reports"


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def assay(*arguments, **more) -> subprocess.CompletedProcess:
    return subprocess.run([ASSAY, *map(str, arguments)], **more)


def assay_json(*arguments) -> dict:
    """What the command says as JSON; the demo ends when it fails."""
    done = assay(*arguments, "--json", stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"demo: assay {arguments[0]} {arguments[1]} ended with exit code {done.returncode}")
    return json.loads(done.stdout)


def find_program(name: str) -> pathlib.Path:
    found = [path for path in RELEASE.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        sys.exit(f"demo: {name} was not built; run ./dev demo")
    return found[0]


# --- the audit of an export ----------------------------------------------------------------------

def make_key(path: pathlib.Path, token_uri: str) -> None:
    """A service account of nobody: a fresh key that only the local server accepts."""
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
        done = assay("audit", "run", "--parquet", export, "--out", REPORTS, "--credentials", key,
                     env={**os.environ, "STORAGE_EMULATOR_HOST": f"http://{server.address}"})
        took = time.monotonic() - start
    # Some objects are denied on purpose: 4 and 5 say that not every answer is known.
    if done.returncode not in (0, 4, 5):
        return done.returncode
    say(f"done in {took:.1f} s; open {(REPORTS / 'audit.html').relative_to(ROOT)} in a browser")
    return 0


# --- a local network -----------------------------------------------------------------------------

def audited_suspects(jobs: pathlib.Path, jobs_a_miner: int, reports: pathlib.Path) -> list:
    """The hotkeys that the audit desk suspects, after it looked for every claimed image."""
    say("auditing them: is every claimed image there?")
    existence = reports / "image_existence_report.csv"
    if assay("audit", "verify", "--parquet", jobs, "--output", existence).returncode != 0:
        sys.exit("demo: the images could not be looked for")
    told = assay_json("audit", "flag", "--method", "claims", "--parquet", jobs, "--verified", existence,
                      "--min-missing", max(jobs_a_miner // 2, 1), "--output", reports / "network_suspects.csv")
    return sorted(miner["miner_hotkey"] for miner in told["judgements"] if miner["suspect"])


def demo_network(seconds: int) -> int:
    network, jobs = WORK / "network", WORK / "jobs.parquet"
    shutil.rmtree(network, ignore_errors=True)
    say(f"a network of a validator and eight miners on this machine, for {seconds} s")
    status = assay_json("up", "--dir", network, "--for", seconds)
    say("the jobs of the validator, as Parquet")
    if assay("validator", "export-jobs", "--state", network / "validator", "--out", jobs).returncode != 0:
        sys.exit("demo: the jobs could not be exported")
    suspects = audited_suspects(jobs, status["jobs"] // len(status["miners"]), REPORTS)

    names = {miner["hotkey"]: miner["name"] for miner in status["miners"]}
    say("what the validator says of its miners")
    for miner in status["miners"]:
        print(f"{miner['uid']:4}  {miner['name']:<16} weight {100 * miner['weight_share']:5.1f} %  "
              f"{miner['verdict']:<13} {miner['why']}")
    say("what the audit says: suspect " + (", ".join(names.get(key, key) for key in suspects) or "nobody"))
    claimers = sorted(miner["hotkey"] for miner in status["miners"] if miner["name"].startswith("false-claiming"))
    if suspects != claimers:
        print("demo: these should be exactly " + ", ".join(names[key] for key in claimers), file=sys.stderr)
        return 1
    print("exactly those who claim images that do not exist")
    return 0


PARTS = {"audit": lambda flags: demo_audit(), "network": lambda flags: demo_network(flags.seconds)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help="audit, network [both]")
    parser.add_argument("--seconds", type=int, default=60, help="how long the network runs [60]")
    flags = parser.parse_args()
    if unknown := set(flags.part) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    for part in flags.part or PARTS:
        if code := PARTS[part](flags):
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
