"""Existence checks against a local server: how many a second, and what one costs."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

import measure
import programs

ROWS = 400_000
PEER_CHECKS = 3_000


@contextlib.contextmanager
def object_server(*flags: str):
    """The project's object server on the last core; the client gets the first."""
    command = [programs.find("object_server"), "--port", "0", "--all-exist", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        yield process.stdout.readline().rsplit(" ", 1)[-1].strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


def verify_once(export: pathlib.Path, address: str, in_flight: int, out: pathlib.Path) -> tuple[measure.Run, int]:
    shutil.rmtree(out, ignore_errors=True)
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), programs.find("assay"), "--quiet", "audit", "verify",
               "--parquet", export, "--output", out / "report.csv", "--concurrency", str(in_flight), "--no-list"]
    run = measure.run_once(command, {"STORAGE_EMULATOR_HOST": f"http://{address}"})
    checked = sum(1 for _ in open(out / "report.csv", encoding="utf-8")) - 1
    return run, checked


def peer(address: str) -> float:
    """google-cloud-storage's exists() in a loop, as the old script did: checks a second."""
    os.environ["STORAGE_EMULATOR_HOST"] = f"http://{address}"
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    client = storage.Client(project="bench", credentials=AnonymousCredentials())
    bucket = client.bucket("img-bucket-a")
    bucket.blob("warm-up").exists()
    start = time.perf_counter()
    for i in range(PEER_CHECKS):
        bucket.blob(f"images/2025/{i}.png").exists()
    return PEER_CHECKS / (time.perf_counter() - start)


def main(full: bool) -> None:
    programs.DATA.mkdir(parents=True, exist_ok=True)
    export, baseline = programs.DATA / "export-verify.parquet", programs.DATA / "export-baseline.parquet"
    for path, rows in ((export, ROWS), (baseline, 7884)):
        if not path.exists():
            subprocess.run([programs.find("make_export"), path, "--rows", str(rows)], check=True,
                           stdout=subprocess.DEVNULL)
    out = programs.DATA / "verify"
    print(f"\nexistence on loopback, {ROWS:,} jobs")
    with object_server() as address:
        peer_rate = peer(address)
        best = 0.0
        cost = 0.0
        for _ in range(5 if full else 3):
            run, checked = verify_once(export, address, 256, out)
            if checked / run.wall_s > best:
                best, cost = checked / run.wall_s, run.cpu_s / checked * 1e6
            print(f"  assay audit verify: {checked / run.wall_s:9,.0f}/s  {run.cpu_s / checked * 1e6:5.1f} us CPU each  "
                  f"{run.peak_mb:.0f} MB  ({checked:,} in {run.wall_s:.2f} s)")
        print(f"  google-cloud-storage exists() in a loop: {peer_rate:,.0f}/s; ratio {best / peer_rate:.0f} x")
        measure.print_goal("checks a second", best, ">= 40,000", best >= 40_000)
        measure.print_goal("CPU a check, us (whole process)", cost, "<= 22", cost <= 22)
    latency = 0.020
    print("\nexistence with a server that waits 20 ms")
    with object_server("--latency", "20") as address:
        for in_flight in (64, 256, 512):
            run, checked = verify_once(export if full or in_flight > 64 else baseline, address, in_flight, out)
            share = checked / run.wall_s / (in_flight / latency)
            measure.print_goal(f"{in_flight} in flight: {checked / run.wall_s:,.0f}/s, share of in flight / latency",
                               share, ">= 0.9", share >= 0.9)


if __name__ == "__main__":
    main(full="--full" in sys.argv)
