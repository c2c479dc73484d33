"""int8 beside bf16 and fp32: the model alone, from a zip to stored embeddings, and whether the picks stay the same.

The weights are random, so the picks say how near the vectors are, not how good a pick is: ask that of real weights, with
`assay predict evaluate` on decisions of the user.
"""

import dataclasses
import os
import sqlite3
import statistics
import sys

import measure
from predict import desk, make_archives

MODEL_GOAL, DESK_GOAL = 1.35, 1.18
DISTINCT = make_archives.Kind("jpeg-300-distinct", "JPEG", 300, 300)


@dataclasses.dataclass
class Size:
    images: int = 288
    distinct: int = 384
    rounds: int = 3


def distinct_archive(images: int):
    """Every image another picture: so many groups of three to pick from."""
    path = desk.FOLDER / f"{DISTINCT.name}-{images}" / f"{DISTINCT.name}.zip"
    if not path.exists():
        print(f"  drawing {images} pictures", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        make_archives.write(path, ((make_archives.entry_name(i, "jpg"),
                                    make_archives.encode(DISTINCT, make_archives.draw(DISTINCT, 1000 + i)))
                                   for i in range(images)))
    return path


def picks(program: desk.Desk, archive, precision: str) -> dict:
    """The pick of each group, and how far it is ahead of the next."""
    program.run(archive, precision)
    [database] = (desk.FOLDER / "roots" / "ours" / "training" / "ai_training_decisions").glob("*.db")
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        scores: dict[str, list] = {}
        for group, score, index in opened.execute("SELECT group_id, score, image_index FROM image_scores"):
            scores.setdefault(group, []).append((score, index))
    ranked = {group: sorted(found, reverse=True) for group, found in scores.items()}
    return {group: (found[0][1], found[0][0] - found[1][0]) for group, found in ranked.items()}


def print_agreement(program: desk.Desk, archive) -> None:
    by = {precision: picks(program, archive, precision) for precision in ("fp32", "bf16", "int8")}
    exact = by["fp32"]
    print(f"\nagreement of picks, {len(exact)} groups of three distinct pictures (random weights)")
    for one, other in (("bf16", "fp32"), ("int8", "fp32"), ("int8", "bf16")):
        different = [group for group in exact if by[one][group][0] != by[other][group][0]]
        text = f"  {one} and {other}: {1 - len(different) / len(exact):.1%}"
        if different:
            text += (f"; where they differ fp32's pick leads by {statistics.median(exact[g][1] for g in different):.4f}, "
                     f"elsewhere by {statistics.median(exact[g][1] for g in exact if g not in different):.4f}")
        print(text)


def print_speed(program: desk.Desk, size: Size) -> None:
    archive = make_archives.make(desk.FOLDER, make_archives.JPEG_1024, size.images)
    stages: dict[str, list] = {"bf16": [], "int8": []}
    runs: dict[str, list] = {"bf16": [], "int8": []}
    for _ in range(size.rounds):  # in turns, so that other work on the machine meets both
        for precision in stages:
            stages[precision].append(program.stages(archive, precision)["model"])
            runs[precision].append(program.figure(archive, precision))
    print(f"\nJPEG 1,024 x 1,024: {size.images} images, {os.cpu_count()} workers")
    print(f"  {'':8} {'model: img/s':>13} {'CPU ms each':>12} {'desk: img/s':>12} {'CPU ms each':>12} {'peak MB':>9}")
    model, whole = {}, {}
    for precision in stages:
        cpu_ms, wall_ms = (min(stage[i] for stage in stages[precision]) for i in range(2))
        whole[precision] = desk.best(runs[precision])
        model[precision] = (os.cpu_count() * 1000 / wall_ms, cpu_ms)
        figure = whole[precision]
        print(f"  {precision:8} {model[precision][0]:13.1f} {cpu_ms:12.2f} {figure.images_per_s:12.1f} "
              f"{figure.cpu_ms:12.2f} {figure.peak_mb:9.0f}")
    ratio = model["int8"][0] / model["bf16"][0]
    measure.print_goal(f"model alone, x bf16 ({model['bf16'][1] / model['int8'][1]:.2f} x by the processor)", ratio,
                       f">= {MODEL_GOAL}", ratio >= MODEL_GOAL)
    ratio = whole["int8"].images_per_s / whole["bf16"].images_per_s
    measure.print_goal(f"end to end, x bf16 ({whole['bf16'].cpu_ms / whole['int8'].cpu_ms:.2f} x by the processor)", ratio,
                       f">= {DESK_GOAL}", ratio >= DESK_GOAL)


def main(full: bool) -> None:
    desk.FOLDER.mkdir(parents=True, exist_ok=True)
    flags = desk.processor_flags()
    print(f"load average at the start: {os.getloadavg()[0]:.1f}")
    print("processor flags: " + ", ".join(f"{flag} {'yes' if flag in flags else 'no'}" for flag in desk.FLAGS))
    if not flags & {"avx512_vnni", "avx_vnni"}:
        sys.exit("bench: this processor has no products of bytes; there is nothing to compare")
    size = Size(images=2016, distinct=1536, rounds=5) if full else Size()
    program = desk.Desk()
    for old in program.weights.parent.glob(program.weights.name + ".int8-*.json"):
        old.unlink()
    print_agreement(program, distinct_archive(size.distinct))
    print_speed(program, size)
