#!/usr/bin/env python3
"""Add up the JUnit files that ctest and pytest wrote and print the counts on one line.

usage: count_tests.py JUNIT.xml...
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

# What the tests of crashes print.
CRASH_POINTS = re.compile(r"^crash points: (\d+)", re.MULTILINE)


def told_reason(case) -> str:
    """Why the test was skipped: for one that exits with ctest's code for it, the line that it printed."""
    message = case.find("skipped").get("message", "")
    if not message.startswith("SKIP_RETURN_CODE"):
        return message
    lines = (case.findtext("system-out") or "").splitlines()
    return next((line.strip().removeprefix("skipped: ") for line in lines if "skip" in line.lower()), message)


def main() -> int:
    passed = failed = skipped = crash_points = 0
    for path in sys.argv[1:]:
        root = ElementTree.parse(path).getroot()
        for suite in [root] if root.tag == "testsuite" else root.iter("testsuite"):
            total, bad, broken, left_out = (
                int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped"))
            bad += broken
            left_out += int(suite.get("disabled", "0"))
            passed, failed, skipped = passed + total - bad - left_out, failed + bad, skipped + left_out
            for case in suite.iter("testcase"):
                crash_points += sum(map(int, CRASH_POINTS.findall(case.findtext("system-out") or "")))
                if case.find("skipped") is not None:
                    print(f"skipped: {case.get('name')}: {told_reason(case)}".rstrip(": "))
    if crash_points:
        print(f"{crash_points:,} simulated crash points")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
