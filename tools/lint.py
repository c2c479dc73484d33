#!/usr/bin/env python3
"""Runs clang-tidy over source files and sums up what it finds.

    lint.py BUILD [FILE...]

BUILD holds compile_commands.json; without files all of src/, tests/ and tools/ that it compiles are
checked, two at a time. Exits 1 on findings. The rules and their reasons: .clang-tidy.
"""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHEEL = ROOT / ".deps/wheels/clang-tidy/clang_tidy/data/bin/clang-tidy"
NUM_PROCESSES = 2

FINDING = re.compile(r"^(?P<file>/[^:\n]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*) \[(?P<check>[^\]]+)\]$")
FAILURE = re.compile(r"^(?P<file>/[^:\n]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<text>[^\[]*)$")


def spared_in_tests() -> list[str]:
    """What tests/.clang-tidy takes off, for the tests that stand beside the code."""
    text = (ROOT / "tests" / ".clang-tidy").read_text()
    return re.findall(r"^\s*- (-\S+)", text, re.MULTILINE)


def chosen_files(build: Path, names: list[str]) -> list[Path]:
    compiled = {Path(row["file"]).resolve() for row in json.loads((build / "compile_commands.json").read_text())}
    if names:
        # A header is checked with the sources that include it.
        wanted = {Path(name).resolve() for name in names if name.endswith(".cc")}
        for path in sorted(wanted - compiled):
            print(f"{path}: not compiled in this build: left out", file=sys.stderr)
        return sorted(wanted & compiled)
    folders = (ROOT / "src", ROOT / "tests", ROOT / "tools")
    return sorted(path for path in compiled if any(path.is_relative_to(folder) for folder in folders))


def run_tidy(tidy: str, build: Path, path: Path) -> str:
    command = [tidy, "-p", str(build), "--quiet", "--extra-arg=-Wno-unknown-warning-option"]
    if path.name.endswith("_test.cc") or "testing" in path.parts:
        command.append("--checks=" + ",".join(spared_in_tests()))
    run = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    if run.returncode != 0 and "error:" not in run.stdout:
        return f"{path}:1:1: error: clang-tidy failed: {run.stderr.strip()[-300:]}\n"
    return run.stdout


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    build = Path(arguments[1]).resolve()
    tidy = str(WHEEL) if WHEEL.is_file() else shutil.which("clang-tidy")
    if tidy is None:
        print("clang-tidy is missing: run ./dev setup", file=sys.stderr)
        return 2
    files = chosen_files(build, arguments[2:])
    os.nice(5)
    findings = set()  # a header's finding comes once, however many sources include it
    with ThreadPoolExecutor(NUM_PROCESSES) as pool:
        for output in pool.map(lambda path: run_tidy(tidy, build, path), files):
            for text in output.splitlines():
                if found := FINDING.match(text) or FAILURE.match(text):
                    check = found.groupdict().get("check", "parse").removesuffix(",-warnings-as-errors")
                    path = Path(found["file"])
                    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
                    findings.add((str(name), int(found["line"]), found["text"].strip(), check))
    for name, line, text, check in sorted(findings):
        print(f"{name}:{line}: {text} [{check}]")
    for check, count in collections.Counter(check for *_, check in findings).most_common():
        print(f"{count:6} {check}")
    print(f"{len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
