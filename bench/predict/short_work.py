"""What happens before and instead of embedding: grouping names, opening a large zip, images that the store knows."""

import json
import os
import shutil
import statistics

import measure
import programs
from predict import make_archives, roots, sparse_zip

FOLDER = roots.FOLDER
NAMES = 200_000
ENTRIES = 40_000
GIGABYTES = 20


def bench_predict(*arguments) -> dict:
    run = measure.run_once([programs.find("bench_predict"), *arguments])
    return json.loads(run.output)


def group_names() -> None:
    path = FOLDER / "names.txt"
    path.write_text("".join(f"{make_archives.entry_name(i, 'png')}\n" for i in range(NAMES)))
    found = bench_predict("group", path)
    measure.print_goal(f"grouping {found['count']:,} names, s ({found['cpu_s']:.3f} of the processor)",
                       found["least_wall_s"], "<= 0.15", found["least_wall_s"] <= 0.15)
    command = [programs.find("assay"), "--quiet", "predict", "group", "--names", path]
    runs = measure.run_paired({"group": command}, runs=3)["group"]
    print(f"  the whole command, with its text: {min(run.wall_s for run in runs):.3f} s, "
          f"{measure.median(runs, 'cpu_s'):.3f} of the processor")


def open_zip() -> None:
    path = FOLDER / "sparse" / "large.zip"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        sparse_zip.make(path, [make_archives.entry_name(i, "png") for i in range(ENTRIES)], GIGABYTES)
    found = bench_predict("open", path)
    milliseconds = found["least_wall_s"] * 1000
    measure.print_goal(f"opening a zip of {path.stat().st_size / 1e9:.0f} GB with {found['count']:,} entries, ms "
                       f"({found['cpu_s'] * 1000:.1f} of the processor)", milliseconds, "<= 50", milliseconds <= 50)


def reuse(archive, workers: int) -> dict:
    root = roots.new("reuse")
    found = bench_predict("reuse", archive, root, workers)
    shutil.rmtree(root)
    return found


def known_images(full: bool) -> None:
    workers = os.cpu_count()
    archive = make_archives.make(FOLDER, make_archives.PNG_1024, 1008 if full else 576)
    found = reuse(archive, workers)
    megabytes = found["bytes"] / 1e6
    hashing = min(round_["hash"][0] for round_ in found["rounds"])
    unknown = min(round_["unknown"][0] for round_ in found["rounds"])
    by_cpu = statistics.median(round_["hash"][1] / round_["unknown"][1] for round_ in found["rounds"])
    print(f"  {found['images']:,} images, {megabytes:,.0f} MB: SHA-256 {megabytes / hashing:,.0f} MB/s, "
          f"all in the store of an unknown archive {megabytes / unknown:,.0f} MB/s")
    share = hashing / unknown
    measure.print_goal(f"unknown archive, store full: share of SHA-256's rate ({by_cpu:.2f} by the processor)", share,
                       ">= 0.8", share >= 0.8)
    found = reuse(make_archives.make(FOLDER, make_archives.JPEG_SMALL, ENTRIES), workers)
    known = min(round_["known"][0] for round_ in found["rounds"])
    cpu_us = statistics.median(round_["known"][1] for round_ in found["rounds"]) / found["images"] * 1e6
    rate = found["images"] / known
    measure.print_goal(f"known archive, store full, {found['images']:,} images to finished SQLite, images/s "
                       f"({cpu_us:.0f} us of the processor each)", rate, ">= 20,000", rate >= 20_000)


def main(full: bool) -> None:
    print("\nshort work")
    FOLDER.mkdir(parents=True, exist_ok=True)
    group_names()
    open_zip()
    known_images(full)
