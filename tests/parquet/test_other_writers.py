#!/usr/bin/env python3
"""Have the same jobs written by pyarrow, DuckDB and polars in each form they know, and audit each file.

usage: test_other_writers.py ASSAY

A loop over Python's objects, which is what the old script did, says what the summary must be. Skipped (77) where this
Python has none of the three.
"""

import collections
import csv
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import duckdb
    import polars
    import pyarrow
    import pyarrow.parquet
except ImportError as error:
    print(f"{error}; ./dev setup installs it")
    sys.exit(77)

SEED = 3
NUM_JOBS = 6000
COLUMNS = ["missing_jobs", "success_missing", "failed_missing", "pending_missing", "other_status_missing"]
STRUCT = pyarrow.struct([
    ("image_uri", pyarrow.string()),
    ("callback_metadata", pyarrow.struct([("has_image", pyarrow.bool_()), ("image_uri", pyarrow.string())])),
])
TEXTS = {"miner_hotkey", "status", "prompt"}


def make_jobs(source):
    """Some miners with many jobs, many with few; every level of null; texts of every length."""
    hotkeys = [f"5{source.randrange(10**40):047d}"[: source.randrange(1, 48)] for _ in range(300)] + ["hötkey", "", None]
    jobs = []
    for number in range(NUM_JOBS):
        hotkey = hotkeys[min(source.randrange(303), source.randrange(303))]
        callback = {"has_image": source.choice([True, False, None]), "image_uri": source.choice(["unread", None])}
        uri = source.choice([None, "", " \u3000\t", "\u200b", f"s3://bucket/{number}.png", "x" * source.randrange(600)])
        response = {"image_uri": uri, "callback_metadata": source.choice([callback, None])}
        jobs.append({
            "miner_hotkey": hotkey,
            "status": source.choice(["success", "Success", "FAILED", "pending", "expired", None]),
            "response_payload": source.choice([response, response, response, None]),
            "prompt": "a road " * source.randrange(9),
        })
    return jobs


def summary_of(jobs):
    """Rows of the CSV: most missing first, then who came first."""
    counts = collections.defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    for job in jobs:
        response = job["response_payload"] or {}
        has_image = (response.get("callback_metadata") or {}).get("has_image")
        # What Python strips of these texts is what the specification calls blank.
        if has_image if has_image is not None else (response.get("image_uri") or "").strip():
            continue
        status = (job["status"] or "").lower()
        count = counts[job["miner_hotkey"] or "UNKNOWN"]
        count["missing_jobs"] += 1
        count[f"{status}_missing" if status in ("success", "failed", "pending") else "other_status_missing"] += 1
    ordered = sorted(counts.items(), key=lambda item: -item[1]["missing_jobs"])
    return [[hotkey, *map(str, count.values())] for hotkey, count in ordered]


def cast_texts(table, text_type):
    return table.cast(pyarrow.schema([
        pyarrow.field(field.name, text_type if field.name in TEXTS else field.type) for field in table.schema]))


def write_by_pyarrow(table, write):
    """`write(name, table, **options)` for each form."""
    small = {"data_page_size": 3000, "row_group_size": 1000}
    for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        for page_version in ("1.0", "2.0"):
            for dictionary in (True, False):
                write(f"{codec} pages {page_version} dictionary {dictionary}", table, compression=codec,
                      data_page_version=page_version, use_dictionary=dictionary, **small)
    for encoding in ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
        leaves = [*TEXTS, "response_payload.image_uri", "response_payload.callback_metadata.image_uri"]
        write(encoding, table, use_dictionary=False, column_encoding=dict.fromkeys(leaves, encoding), **small)
    write("RLE of booleans", table, use_dictionary=False,
          column_encoding={"response_payload.callback_metadata.has_image": "RLE"}, data_page_version="2.0")
    write("dictionaries that overflow", table, dictionary_pagesize_limit=1500, data_page_size=2000)
    write("checksums and an index", table, write_page_checksum=True, write_page_index=True)
    write("format 1.0", table, version="1.0")
    write("one row group", table, row_group_size=NUM_JOBS)
    write("row groups of seven", table, row_group_size=7)
    write("large strings", cast_texts(table, pyarrow.large_string()))
    write("string views", cast_texts(table, pyarrow.string_view()))
    write("dictionary arrays", cast_texts(table, pyarrow.dictionary(pyarrow.int32(), pyarrow.string())))
    write("columns in another order", table.select(table.column_names[::-1]))


def write_by_duckdb(source, file_of):
    connection = duckdb.connect()
    for options in ("PARQUET_VERSION v1", "PARQUET_VERSION v2", "COMPRESSION zstd", "COMPRESSION lz4_raw",
                    "COMPRESSION brotli", "COMPRESSION gzip, ROW_GROUP_SIZE 2048", "DICTIONARY_SIZE_LIMIT 1"):
        target = file_of(f"DuckDB {options}")
        connection.execute(f"COPY (FROM '{source}') TO '{target}' (FORMAT parquet, {options})")


def write_by_polars(source, file_of):
    frame = polars.read_parquet(source)
    for codec in ("uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4"):
        frame.write_parquet(file_of(f"polars {codec}"), compression=codec, row_group_size=1500, data_page_size=3000)


def main():
    program = sys.argv[1]
    jobs = make_jobs(random.Random(SEED))
    wanted = summary_of(jobs)
    table = pyarrow.Table.from_pylist(jobs, pyarrow.schema([
        ("miner_hotkey", pyarrow.string()), ("status", pyarrow.string()), ("response_payload", STRUCT),
        ("prompt", pyarrow.string())]))
    wrong = []
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        files = {}

        def file_of(name):
            files[name] = folder / f"{len(files)}.parquet"
            return files[name]

        write_by_pyarrow(table, lambda name, written, **options: pyarrow.parquet.write_table(
            written, file_of(f"pyarrow {name}"), **options))
        plain = next(iter(files.values()))
        write_by_duckdb(plain, file_of)
        write_by_polars(plain, file_of)
        output = folder / "summary.csv"
        for name, file in files.items():
            done = subprocess.run([program, "audit", "missing", "--parquet", file, "--output", output],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0 or done.stderr:
                wrong.append(f"{name}: exit {done.returncode}: {done.stderr}")
                continue
            with open(output, encoding="utf-8", newline="") as summary:
                rows = list(csv.reader(summary))[1:]
            if rows != wanted:
                wrong.append(f"{name}: {sum(a != b for a, b in zip(rows, wanted))} of {len(wanted)} rows differ")
            output.unlink()
    print("\n".join(wrong) or f"{len(files)} files of three writers: all as expected ({len(wanted)} miners)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
