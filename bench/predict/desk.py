"""The predict desk from a zip to stored embeddings and a database, beside two programs in Python; the goals' table.

Rates are images a second by the clock, the best of some rounds. Beside them stands the processor's time an image, which
a busy machine does not stretch: where the two ratios differ, other work ran. All figures leave out the start of each
program (imports, the loading of the model).
"""

import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

import measure
import programs
from predict import cpu_torch, make_archives, roots, short_work

FOLDER = roots.FOLDER
HERE = pathlib.Path(__file__).parent
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8", "sha_ni")
START_IMAGES = 16  # one batch


@dataclasses.dataclass
class Size:
    """How many images: one batch of 16 and one group of three fit each count."""

    jpeg: int = 480
    png: int = 288
    large: int = 192
    peer: int = 48
    rounds: int = 2


@dataclasses.dataclass
class Figure:
    """Of one program on one archive."""

    images_per_s: float
    cpu_ms: float
    peak_mb: float = 0


def processor_flags() -> set[str]:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split(":", 1)[1].split())
    return set()


def weights() -> pathlib.Path:
    path = programs.DATA / "clip7.safetensors"
    subprocess.run([programs.find("bench_clip_weights"), path], check=True)
    return path


class TemporaryFolder:
    """An empty folder for a program's TMPDIR that counts the files it makes there, those that are removed again too."""

    def __init__(self) -> None:
        self.path = FOLDER / "tmp"
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self._libc = ctypes.CDLL(None, use_errno=True)
        in_nonblock, in_create, in_moved_to = 0o4000, 0x100, 0x80
        self._watch = self._libc.inotify_init1(in_nonblock)
        if self._watch < 0 or self._libc.inotify_add_watch(self._watch, str(self.path).encode(),
                                                           in_create | in_moved_to) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def num_files(self) -> int:
        count = 0
        try:
            while events := os.read(self._watch, 1 << 16):
                while events:
                    size = 16 + int.from_bytes(events[12:16], sys.byteorder)
                    count, events = count + 1, events[size:]
        except BlockingIOError:
            pass
        return count


class Desk:
    """Runs of our program, one after the other; what all of them left behind is counted."""

    def __init__(self) -> None:
        self.weights = weights()
        self.temporary = TemporaryFolder()
        self._start_cpu: dict[str, float] = {}

    def run(self, archive: pathlib.Path, precision: str) -> tuple[measure.Run, dict]:
        root = roots.new("ours")
        command = [programs.find("assay"), "--quiet", "predict", "run", "--json", "--root", root, "--source",
                   archive.parent, "--clip", self.weights, "--precision", precision]
        run = measure.run_once(command, {"TMPDIR": str(self.temporary.path)})
        events = [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]  # else the log
        end = next(event for event in events if event["event"] == "end")
        if end["failed"] or end["embedded"] != end["images"]:
            sys.exit(f"bench: not every image was embedded: {end}")
        return run, end

    def figure(self, archive: pathlib.Path, precision: str) -> Figure:
        run, end = self.run(archive, precision)
        images = end["images"]
        cpu_s = run.cpu_s - self.start_cpu(precision)
        return Figure(images / end["seconds"], cpu_s * 1000 / (images - START_IMAGES), run.peak_mb)

    def start_cpu(self, precision: str) -> float:
        if precision not in self._start_cpu:
            archive = make_archives.make(FOLDER, make_archives.JPEG_1024, START_IMAGES)
            self._start_cpu[precision] = min(self.run(archive, precision)[0].cpu_s for _ in range(2))
        return self._start_cpu[precision]

    def stages(self, archive: pathlib.Path, precision: str) -> dict[str, list[float]]:
        """Of each stage alone, an image: milliseconds of the processor, and by the clock times the workers."""
        command = [programs.find("bench_predict"), "stages", archive, self.weights, roots.new("stages"), precision,
                   os.cpu_count()]
        return json.loads(measure.run_once(command).output)["stages"]


class Peers:
    def __init__(self, desk: Desk, size: Size) -> None:
        self._environment = {**cpu_torch.environment(FOLDER / "empty-cuda"), "TMPDIR": str(FOLDER / "peer-tmp")}
        (FOLDER / "peer-tmp").mkdir(exist_ok=True)
        # Else the threads of a parallel loop wait by spinning, and a machine with other work makes that endless.
        self._environment["OMP_WAIT_POLICY"] = "passive"
        self._heads = roots.new("peers") / "ai_data" / "models"
        self._desk, self._size = desk, size

    def run(self, script: str, archive: pathlib.Path, *more) -> Figure:
        command = [sys.executable, HERE / script, archive, self._size.peer, self._desk.weights, self._heads, *more]
        run = measure.run_once(command, self._environment)
        found = json.loads(run.output[run.output.index('{"images"'):].splitlines()[0])
        return Figure(found["images"] / found["wall_s"], found["cpu_s"] * 1000 / found["images"], run.peak_mb)

    def old_way(self, archive: pathlib.Path) -> Figure:
        return self.run("seed_way.py", archive)

    def onnx(self, archive: pathlib.Path) -> Figure:
        return self.run("onnx_way.py", archive, FOLDER / "clip7.onnx")


def best(figures: list[Figure]) -> Figure:
    return Figure(max(f.images_per_s for f in figures), min(f.cpu_ms for f in figures), max(f.peak_mb for f in figures))


@dataclasses.dataclass
class Row:
    name: str
    kind: make_archives.Kind
    images: int
    precision: str
    goal_ratio: float
    goal_share: float


class Table:
    def __init__(self, size: Size) -> None:
        self._size = size
        self._desk = Desk()
        self._peers = Peers(self._desk, size)
        self._peer_figures: dict[str, tuple[Figure, Figure]] = {}
        self._peaks: dict[str, float] = {}

    def peers(self, archive: pathlib.Path, name: str) -> tuple[Figure, Figure]:
        if name not in self._peer_figures:
            rounds = range(2)
            self._peer_figures[name] = (best([self._peers.old_way(archive) for _ in rounds]),
                                        best([self._peers.onnx(archive) for _ in rounds]))
        return self._peer_figures[name]

    def print_row(self, row: Row) -> None:
        archive = make_archives.make(FOLDER, row.kind, row.images)
        size_mb = archive.stat().st_size / 1e6
        print(f"\n{row.name}: {row.images} images, {size_mb:.0f} MB, {os.cpu_count()} workers", flush=True)
        rounds = [(self._desk.stages(archive, row.precision), self._desk.figure(archive, row.precision))
                  for _ in range(self._size.rounds)]
        ours = best([figure for _, figure in rounds])
        # As for the programs: what the machine can do, so the least of each.
        stages = {name: [min(stages[name][i] for stages, _ in rounds) for i in range(2)] for name in rounds[0][0]}
        counted = [name for name in stages if name != "decode"]
        cpu_ms = sum(stages[name][0] for name in counted)
        limit = os.cpu_count() * 1000 / sum(stages[name][1] for name in counted)
        old, onnx = self.peers(archive, row.kind.name)
        self._peaks[row.name] = ours.peak_mb
        print(f"  {'':34} {'images/s':>9} {'CPU ms each':>12} {'peak MB':>9}")
        for name, figure in (("assay predict run", ours), ("open_clip, PIL, torch fp32, batch 1", old),
                             ("ONNX Runtime fp32, PIL, batch 16", onnx)):
            print(f"  {name:34} {figure.images_per_s:9.1f} {figure.cpu_ms:12.2f} {figure.peak_mb:9.0f}")
        parts = ", ".join(f"{name} {stages[name][0]:.2f}" for name in stages)
        print(f"  stages alone, CPU ms an image: {parts}; their sum {cpu_ms:.2f}")
        print(f"  ratio to ONNX Runtime: {ours.images_per_s / onnx.images_per_s:.1f} x by the clock, "
              f"{onnx.cpu_ms / ours.cpu_ms:.1f} x by the processor")
        ratio, share = ours.images_per_s / old.images_per_s, ours.images_per_s / limit
        measure.print_goal(f"x open_clip ({old.cpu_ms / ours.cpu_ms:.1f} x by the processor)", ratio,
                           f">= {row.goal_ratio:g}", ratio >= row.goal_ratio)
        measure.print_goal(f"share of the stages' limit of {limit:.1f}/s ({cpu_ms / ours.cpu_ms:.2f} by the processor)",
                           share, f">= {row.goal_share}", share >= row.goal_share)

    def print_rows(self) -> None:
        has_bf16 = bool(processor_flags() & {"amx_bf16", "avx512_bf16"})
        fast = "bf16" if has_bf16 else "fp32"
        ratio, share = (8, 0.92) if has_bf16 else (2, 0.95)
        kinds = make_archives
        self.print_row(Row(f"JPEG 1,024 x 1,024, {fast}", kinds.JPEG_1024, self._size.jpeg, fast, ratio, share))
        share = min(share, 0.90)
        self.print_row(Row(f"PNG 1,024 x 1,024, {fast}", kinds.PNG_1024, self._size.png, fast, ratio, share))
        self.print_row(Row(f"JPEG 1,664 x 2,432, {fast}", kinds.JPEG_LARGE, self._size.large, fast, ratio, share))
        if has_bf16:
            self.print_row(Row("JPEG 1,024 x 1,024, fp32", kinds.JPEG_1024, self._size.png, "fp32", 2, 0.95))

    def print_room(self) -> None:
        print("\nroom")
        for name, peak in self._peaks.items():
            goal = "fp32" not in name
            if goal:
                measure.print_goal(f"peak memory, MB: {name}", peak, "<= 1,300", peak <= 1300)
            else:
                print(f"  peak memory, MB: {name}: {peak:.0f}")
        files = self._desk.temporary.num_files()
        measure.print_goal("files made in TMPDIR by all these runs", files, "0", files == 0)


def main(full: bool) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    flags = processor_flags()
    print(f"load average at the start: {os.getloadavg()[0]:.1f}; what other programs took is in the times by the clock")
    print("processor flags: " + ", ".join(f"{flag} {'yes' if flag in flags else 'no'}" for flag in FLAGS))
    size = Size(jpeg=2016, png=1008, large=1008, peer=192, rounds=5) if full else Size()
    short_work.main(full)
    table = Table(size)
    table.print_rows()
    table.print_room()
