#!/usr/bin/env python3
"""Compare the compatible grouping with a second, plain implementation on 10,000 random lists of names.

usage: test_grouping.py GROUP_LISTS [NUM_LISTS] [SEED]
"""

import datetime
import random
import re
import subprocess
import sys

STAGES = ["stage1_generated", "stage1.5_face_swapped", "stage2_upscaled", "stage3_enhanced"]
NO_TIMESTAMP = "99999999_999999"


def stage_of(path):
    name = path.rsplit("/", 1)[-1].lower()
    for number, stage in zip((1.0, 1.5, 2.0, 3.0), STAGES):
        if stage in name:
            return number
    return 0.0


def timestamp_of(path):
    found = re.match(r"[0-9]{8}_[0-9]{6}", path.rsplit("/", 1)[-1])
    return found[0] if found else None


def instant_of(path):
    try:
        return datetime.datetime.strptime(timestamp_of(path) or "", "%Y%m%d_%H%M%S")
    except ValueError:
        return None


def sort_key(path):
    return (timestamp_of(path) or NO_TIMESTAMP, stage_of(path), path.rsplit("/", 1)[-1].encode(), path.encode())


def is_boundary(last, item, gap_seconds):
    if stage_of(item) <= stage_of(last):
        return True
    before, after = instant_of(last), instant_of(item)
    return bool(gap_seconds and before and after and (after - before).total_seconds() > gap_seconds)


def group(paths, gap_seconds, lookahead, min_size):
    """The rule as it is told: a cursor, a window up to a boundary, the lowest stage in it, the first of those."""
    rest = sorted(set(paths), key=sort_key)
    groups = []
    while rest:
        members = [rest.pop(0)]
        while True:
            window = []
            for item in rest[:lookahead]:
                if is_boundary(members[-1], item, gap_seconds):
                    break
                window.append(item)
            if not window:
                break
            lowest = min(stage_of(item) for item in window)
            position = next(i for i, item in enumerate(window) if stage_of(item) == lowest)
            members.append(window[position])
            rest = rest[position + 1:]
        if len(members) >= min_size:
            groups.append(members)
    return groups


def random_name(source):
    stage = source.choice(STAGES + ["stage2", "stage3_final", "foo", "STAGE2_UPSCALED", "Stage1_Generated_v2"])
    if source.random() < 0.7:
        stage = source.choice(STAGES)
    minute, second = divmod(source.randrange(0, 3000), 60)
    time = f"20250705_12{minute % 60:02d}{second:02d}"
    kind = source.random()
    if kind < 0.03:
        time = source.choice(["20251301_000000", "00000101_000000", "20240229_235959", "20230229_120000", NO_TIMESTAMP])
    elif kind < 0.08:
        time = source.choice(["a", "b", "test_20250705_120000", "._20250705_120000", "2025070_120000", "caf\u00e9"])
    folder = source.choice(["", "", "", "a/", "b/", "a/b/", "20250705_120000_stage1_generated/"])
    return f"{folder}{time}{source.choice(['_', '_', '', '-'])}{stage}{source.choice(['.png', '.jpg', '.PNG', ''])}"


def random_list(source):
    names = [random_name(source) for _ in range(source.choice([0, 1, 2, 3, 5, 8, 13, 30, 80]))]
    if names and source.random() < 0.2:
        names.append(source.choice(names))
    source.shuffle(names)
    gap = source.choice([0, 0, 1, 30, 300, 960])
    return gap, source.choice([50, 50, 50, 1, 2, 5, 1000]), source.choice([2, 2, 2, 1, 3]), names


def main():
    program = sys.argv[1]
    num_lists = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    source = random.Random(seed)
    lists = [random_list(source) for _ in range(num_lists)]
    given = "".join(f"{gap} {lookahead} {size} {len(names)}\n" + "".join(name + "\n" for name in names)
                    for gap, lookahead, size, names in lists)
    done = subprocess.run([program], input=given.encode(), capture_output=True, check=True)
    lines = iter(done.stdout.decode().splitlines())
    num_groups = 0
    for number, (gap, lookahead, size, names) in enumerate(lists):
        found = [next(lines).split("\t") for _ in range(int(next(lines)))]
        expected = group(names, gap, lookahead, size)
        if found != expected:
            print(f"list {number} of seed {seed}: gap {gap}, lookahead {lookahead}, least size {size}\n{names}\n"
                  f"expected {expected}\nfound    {found}")
            return 1
        num_groups += len(found)
    if next(lines, None) is not None or num_groups < num_lists:
        print(f"too much output, or too few groups to mean anything: {num_groups}")
        return 1
    print(f"{num_lists} lists, {num_groups} groups: the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
