"""Run commands in turn and compare them: wall and CPU seconds, peak memory; medians and ratios.

The operating system's own accounting of each finished process (wait4) is what counts.
"""

import dataclasses
import os
import pathlib
import platform
import statistics
import subprocess
import time
from collections.abc import Callable


@dataclasses.dataclass
class Run:
    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def describe_machine() -> str:
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{model}, {os.cpu_count()} processors, {memory_gb:.0f} GB, Linux {platform.release()}"


def run_once(command: list, environment: dict | None = None) -> Run:
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, **(environment or {})})
    # Outputs here are small: reading one pipe after the other cannot block the child.
    output = process.stdout.read().decode() + process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3, 4, 5):
        raise RuntimeError(f"{command} exited {process.returncode}: {output[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def run_paired(commands: dict[str, list], runs: int, environment: dict | None = None,
               before_each: Callable[[], None] = lambda: None) -> dict[str, list[Run]]:
    """One warm-up of each, then `runs` rounds in which the commands take turns."""
    for command in commands.values():
        before_each()
        run_once(command, environment)
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            before_each()
            results[name].append(run_once(command, environment))
    return results


def median(runs: list[Run], field: str) -> float:
    return statistics.median(getattr(run, field) for run in runs)


def paired_ratio(ours: list[Run], peers: list[Run], field: str) -> float:
    return statistics.median(getattr(a, field) / getattr(b, field) for a, b in zip(ours, peers))


def print_rows(results: dict[str, list[Run]]) -> None:
    print(f"  {'':34} {'wall s':>9} {'CPU s':>9} {'peak MB':>9}")
    for name, runs in results.items():
        print(f"  {name:34} {median(runs, 'wall_s'):9.3f} {median(runs, 'cpu_s'):9.3f} {median(runs, 'peak_mb'):9.0f}")


def print_goal(what: str, value: float, goal: str, holds: bool) -> None:
    print(f"  {'ok    ' if holds else 'MISSED'} {what}: {value:.3g} (goal {goal})")
