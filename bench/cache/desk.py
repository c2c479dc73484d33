"""The cache: draws by four processes, opening, import against decoding alone, eviction, and the old sampler's way."""

import os
import re

import measure
import programs


def main(full: bool) -> None:
    programs.DATA.mkdir(parents=True, exist_ok=True)
    print("\ncache", flush=True)
    # The files go where the other benchmarks write, not to a /tmp that may be memory.
    run = measure.run_once([programs.find("bench_cache"), *([] if full else ["--short"])], {"TMPDIR": os.fspath(programs.DATA)})
    print("  " + run.output.strip().replace("\n", "\n  "))
    slowest = max(float(text) for text in re.findall(r"p99 ([\d.]+) us", run.output))
    measure.print_goal("draw, p99 at every size, us", slowest, "<= 50", slowest <= 50)
    evictions = [float(text) for text in re.findall(r"evict .*\(([\d.]+) s of processor\)", run.output)]
    if evictions:
        measure.print_goal("evict 10,000 of 1,000,000, whatever goes first, s of processor", max(evictions), "<= 0.3", max(evictions) <= 0.3)
    share = float(re.search(r"% and (\d+) %", run.output)[1]) / 100
    measure.print_goal("import, x the rate of decoding alone, by the processor's time", share, ">= 0.8", share >= 0.8)
