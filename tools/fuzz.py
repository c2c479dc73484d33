#!/usr/bin/env python3
"""Build every fuzz target with clang and libFuzzer and run each for some seconds. Run by `./dev fuzz`.

usage: fuzz.py SECONDS

New inputs go to build/fuzz/corpus/, crashes to build/fuzz/crashes/; the seeds in tests/fuzz/seeds are
only read. A crash that was mended belongs among the seeds.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"


def stat(text: str, name: str) -> str:
    found = re.search(rf"stat::{name}:\s*(\d+)", text)
    return found.group(1) if found else "?"


def run(target: str, seconds: int) -> bool:
    """Fuzz one target; whether it found nothing."""
    name = target.removeprefix("fuzz_")
    corpus = BUILD / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    log = BUILD / f"{name}.log"
    # clang's own symbolizer is in another, large package; without one a trace has no lines.
    environment = {"ASAN_SYMBOLIZER_PATH": shutil.which("addr2line") or "", **os.environ}
    with log.open("wb") as output:
        done = subprocess.run(
            [BUILD / "tests" / "fuzz" / target, corpus, ROOT / "tests" / "fuzz" / "seeds" / name,
             f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1",
             f"-artifact_prefix={BUILD / 'crashes'}/{name}-"],
            stdout=output, stderr=subprocess.STDOUT, env=environment)
    text = log.read_text(errors="replace")
    print(f"{name}: {seconds} s, {stat(text, 'number_of_executed_units')} inputs tried, "
          f"{stat(text, 'new_units_added')} kept", flush=True)
    if done.returncode != 0:
        print(*text.splitlines()[-60:], sep="\n", file=sys.stderr)
    return done.returncode == 0


def main() -> int:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    jobs = int(os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", os.cpu_count() or 1))
    subprocess.run(
        ["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
         "-DCMAKE_CXX_COMPILER=clang++-19", "-DASSAY_BUILD_FUZZ=ON", "-DASSAY_SANITIZE=address",
         "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=16",
         "-DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link", "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1"],
        check=True, stdout=subprocess.DEVNULL)
    targets = sorted(path.stem for path in (ROOT / "tests" / "fuzz").glob("fuzz_*.cc"))
    subprocess.run(["cmake", "--build", BUILD, "--target", *targets], check=True)
    (BUILD / "crashes").mkdir(exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        passed = list(pool.map(lambda target: run(target, seconds), targets))
    failed = [target.removeprefix("fuzz_") for target, is_passed in zip(targets, passed) if not is_passed]
    if failed:
        print(f"crashes in: {', '.join(failed)}; the inputs are in {BUILD / 'crashes'}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
