"""The way of the old scripts, written anew for comparison: every row a Python object.

usage: seed_way.py EXPORT.parquet SUMMARY.csv FLAGGED.csv
"""

import csv
import sys

import pyarrow.parquet as parquet

STATUSES = {"success": "success_missing", "failed": "failed_missing", "pending": "pending_missing"}
COLUMNS = ["success_missing", "failed_missing", "pending_missing", "other_status_missing"]


def has_image(row: dict) -> bool:
    answer = row.get("response_payload")
    if not isinstance(answer, dict):
        return False
    metadata = answer.get("callback_metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("has_image"), bool):
        return metadata["has_image"]
    address = answer.get("image_uri")
    return isinstance(address, str) and bool(address.strip())


def main() -> None:
    export, summary, flagged = sys.argv[1:4]
    miners: dict[str, dict[str, int]] = {}
    for row in parquet.read_table(export).to_pylist():
        if has_image(row):
            continue
        counts = miners.setdefault(row.get("miner_hotkey") or "UNKNOWN", dict.fromkeys(COLUMNS, 0))
        counts[STATUSES.get((row.get("status") or "").lower(), "other_status_missing")] += 1
    rows = sorted(miners.items(), key=lambda item: -sum(item[1].values()))
    with open(summary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["miner_hotkey", "missing_jobs", *COLUMNS])
        for hotkey, counts in rows:
            writer.writerow([hotkey, sum(counts.values()), *counts.values()])
    with open(flagged, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for hotkey, counts in rows:
            missing = sum(counts.values())
            if missing >= 50 and counts["success_missing"] / missing >= 0.5:
                writer.writerow([hotkey, missing, counts["success_missing"]])


main()
