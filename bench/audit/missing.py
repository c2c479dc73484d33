"""Missing images per miner, beside DuckDB's best query for the same table.

Both run as cold processes on the same file, turn by turn, with a warm page cache, and must agree on
the totals.
"""

import json
import pathlib
import re
import subprocess
import sys

import measure
import programs

ROWS = 5_000_000
FILES_OF_THE_LARGE_SET = 10
HOTKEYS = 1_000_000
RUNS = 5

# Grouping by hotkey and status first leaves some hundred rows to the rest of the query, which is
# DuckDB's fastest way; the pattern is what the audit calls blank.
PEER = r"""
import duckdb, json, sys
connection = duckdb.connect()
connection.execute("set threads = 2")
connection.execute("set enable_progress_bar = false")
rows = connection.execute('''
  with jobs as (
    select miner_hotkey as hotkey, status, count(*) as jobs from read_parquet(?)
    where case when response_payload.callback_metadata.has_image is not null
               then not response_payload.callback_metadata.has_image
               else response_payload.image_uri is null or regexp_full_match(response_payload.image_uri,
                 '[\\t-\\r\\x1c- \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}]*')
          end
    group by all)
  select coalesce(nullif(hotkey, ''), 'UNKNOWN') as miner, sum(jobs) as missing,
         sum(jobs) filter (lower(status) = 'success'), sum(jobs) filter (lower(status) = 'failed'),
         sum(jobs) filter (lower(status) = 'pending')
  from jobs group by miner order by missing desc''', [sys.argv[1]]).fetchall()
print(json.dumps([len(rows), int(sum(row[1] for row in rows))]))
"""


def totals_of_ours(text: str) -> list[int]:
    found = re.search(r"with (\d+) miners\. (\d+) missing-image jobs", text)
    return [int(found[1]), int(found[2])]


def make_export(path: pathlib.Path, rows: int, *more: str) -> pathlib.Path:
    if not path.exists():
        print(f"  making {path.name}", flush=True)
        subprocess.run([programs.find("make_export"), path, "--rows", str(rows), *more], check=True,
                       stdout=subprocess.DEVNULL)
    return path


def ours(export: pathlib.Path) -> list:
    return [programs.find("assay"), "audit", "missing", "--parquet", export, "--output", programs.DATA / "missing.csv"]


def compare(title: str, export: pathlib.Path) -> dict[str, list[measure.Run]]:
    print(f"\nmissing: {title}, {export.stat().st_size / 2**20:.0f} MiB")
    commands = {"assay audit missing": ours(export), "duckdb": [sys.executable, "-c", PEER, export]}
    results = measure.run_paired(commands, RUNS)
    for mine, peer in zip(results["assay audit missing"], results["duckdb"]):
        if totals_of_ours(mine.output) != json.loads(peer.output):
            sys.exit(f"the totals differ: {totals_of_ours(mine.output)}, duckdb {peer.output.strip()}")
    measure.print_rows(results)
    return results


def main(full: bool) -> None:
    programs.DATA.mkdir(parents=True, exist_ok=True)
    export = make_export(programs.DATA / f"export-{ROWS}.parquet", ROWS)
    results = compare(f"{ROWS:,} rows", export)
    mine, peer = results["assay audit missing"], results["duckdb"]
    wall = measure.paired_ratio(mine, peer, "wall_s")
    cpu = measure.paired_ratio(mine, peer, "cpu_s")
    peak_mb = max(run.peak_mb for run in mine)
    measure.print_goal("wall time, x duckdb", wall, "<= 0.35", wall <= 0.35)
    measure.print_goal("CPU time, x duckdb", cpu, "<= 0.4", cpu <= 0.4)
    measure.print_goal("peak memory, MB", peak_mb, "<= 120", peak_mb <= 120)

    many = make_export(programs.DATA / f"export-{ROWS}-{HOTKEYS}.parquet", ROWS, "--hotkeys", str(HOTKEYS))
    compare(f"{ROWS:,} rows, {HOTKEYS:,} hotkeys", many)
    if full:
        compare_sizes(mine)


def compare_sizes(small: list[measure.Run]) -> None:
    """Ten such files beside one. Their file cache is warm when the machine's memory holds them."""
    folder = programs.DATA / "export-large"
    folder.mkdir(exist_ok=True)
    for i in range(FILES_OF_THE_LARGE_SET):
        make_export(folder / f"part-{i}.parquet", ROWS, "--seed", str(i + 1))
    print(f"\nmissing: {ROWS * FILES_OF_THE_LARGE_SET:,} rows in {FILES_OF_THE_LARGE_SET} files")
    results = measure.run_paired({"assay audit missing": ours(folder)}, 3)
    measure.print_rows(results)
    large = results["assay audit missing"]
    times = measure.median(large, "wall_s") / measure.median(small, "wall_s")
    memory = measure.median(large, "peak_mb") / measure.median(small, "peak_mb")
    measure.print_goal("wall time, x the small set", times, "<= 11", times <= 11)
    measure.print_goal("peak memory, x the small set", memory, "<= 1.2", memory <= 1.2)
