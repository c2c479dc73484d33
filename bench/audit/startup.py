"""Short work: the time from a command to its result, with a warm page cache."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import measure
import programs


def main(full: bool) -> None:
    del full
    programs.DATA.mkdir(parents=True, exist_ok=True)
    export = programs.DATA / "export-7884.parquet"
    if not export.exists():
        subprocess.run([programs.find("make_export"), export], check=True, stdout=subprocess.DEVNULL)
    assay = programs.find("assay")
    out = programs.DATA / "startup"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    memory = pathlib.Path(tempfile.mkdtemp(prefix="assay-bench-", dir="/dev/shm"))  # where an fsync takes no time
    seed_way = pathlib.Path(__file__).with_name("seed_way.py")
    print("\nshort work, 7,884 rows, fresh process, warm page cache")
    commands = {
        "assay audit run --no-verify": [assay, "audit", "run", "--parquet", export, "--out", out / "run", "--no-verify"],
        "the same, into memory": [assay, "audit", "run", "--parquet", export, "--out", memory / "run", "--no-verify"],
        "the old scripts' way (pyarrow)": [sys.executable, seed_way, export, out / "a.csv", out / "b.csv"],
        "assay version": [assay, "version"],
    }
    # The wheel that the build unpacks serves as the Python package too.
    arrow = {"PYTHONPATH": str(programs.ROOT / ".deps" / "wheels" / "pyarrow")}
    results = measure.run_paired(commands, runs=11, environment=arrow)
    shutil.rmtree(memory)
    measure.print_rows(results)
    ours = results["assay audit run --no-verify"]
    peer = results["the old scripts' way (pyarrow)"]
    run_s = measure.median(results["the same, into memory"], "wall_s")
    version_s = measure.median(results["assay version"], "wall_s")
    print(f"  ratio to the old way: {measure.paired_ratio(ours, peer, 'wall_s'):.3f} x wall, "
          f"{measure.paired_ratio(ours, peer, 'cpu_s'):.3f} x CPU")
    print(f"  one fsync of this disk takes {fsync_seconds(out) * 1000:.1f} ms; the run makes some of them for each file")
    measure.print_goal("audit run without what fsyncs take, ms", run_s * 1000, "<= 30", run_s <= 0.030)
    measure.print_goal("assay version, ms", version_s * 1000, "<= 15", version_s <= 0.015)


def fsync_seconds(folder: pathlib.Path) -> float:
    import os
    import statistics
    import time

    times = []
    for i in range(9):
        with open(folder / f"fsync-{i}", "wb") as file:
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times)
