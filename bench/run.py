#!/usr/bin/env python3
"""The benchmarks: ours against the programs a user would pick instead, in one run, on the same data.

usage: run.py [audit | missing | startup | verify | judgement | validator | history | recorder | analyze | ply |
               predict | predict-short | predict-int8 | cache] [--full]
"""

import argparse
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measure  # noqa: E402

GROUPS = {
    "missing": ["audit.missing"],
    "startup": ["audit.startup"],
    "verify": ["audit.verify"],
    "audit": ["audit.startup", "audit.missing", "audit.verify"],
    "judgement": ["audit.judgement", "scores.judgement"],
    "validator": ["scores.rewards", "validator.keys", "validator.network"],
    "recorder": ["history.recorder"],
    "analyze": ["history.analyze"],
    "ply": ["history.ply_store"],
    "predict": ["predict.desk"],
    "predict-short": ["predict.short_work"],
    "predict-int8": ["predict.int8"],
    "cache": ["cache.desk", "cache.extract"],
    "history": ["history.recorder", "history.analyze", "history.ply_store"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("group", nargs="?", default="audit", choices=sorted(GROUPS))
    parser.add_argument("--full", action="store_true", help="also what takes minutes")
    options = parser.parse_args()
    print(measure.describe_machine(), flush=True)
    for name in GROUPS[options.group]:
        importlib.import_module(name).main(full=options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
