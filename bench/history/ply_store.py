"""Storing a splat file with its hash and figures, beside SHA-256 and a plain write with fsync."""

import os
import re

import measure
import programs


def main(full: bool) -> None:
    programs.DATA.mkdir(parents=True, exist_ok=True)
    rounds = 31 if full else 15
    print("\nsplat file: stored by its hash, with its figures", flush=True)
    # The files go where the other benchmarks write, not to a /tmp that may be memory.
    run = measure.run_once([programs.find("bench_ply_store"), "35", str(rounds)], {"TMPDIR": os.fspath(programs.DATA)})
    print(f"  {run.output.strip()}")
    share = float(re.search(r"([\d.]+) of the slower", run.output)[1])
    measure.print_goal("stored, x the rate of the slower part alone", share, ">= 0.8", share >= 0.8)
