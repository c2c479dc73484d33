#!/usr/bin/env python3
"""Make the Parquet files and expected reports below jobs/ and faults/.

The expected reports are worked out here from the rows, by the rules and not by the program.
usage: PYTHONPATH=.deps/wheels/pyarrow python3 tests/data/make_data.py
"""

import csv
import hashlib
import io
import math
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
JOBS = HERE / "jobs"
FAULTS = HERE / "faults"
DAY = 86_400_000_000
FIRST_DAY = 1_761_523_200_000_000  # 2025-10-27, in microseconds

METADATA = pa.struct([("has_image", pa.bool_())])
RESPONSE = pa.struct([("image_uri", pa.string()), ("callback_metadata", METADATA)])
PAYLOAD = pa.struct([("prompt", pa.string()), ("steps", pa.int32())])
SCHEMA = pa.schema([("job_id", pa.string()), ("status", pa.string()), ("miner_hotkey", pa.string()),
                    ("model_id", pa.string()), ("created_at", pa.timestamp("us", tz="UTC")),
                    ("payload", PAYLOAD), ("response_payload", RESPONSE)])


def job(number, hotkey, status, has_image, uri, day=0):
    return {"job_id": f"j{number}", "status": status, "miner_hotkey": hotkey, "model_id": "sdxl",
            "created_at": FIRST_DAY + day * DAY, "payload": {"prompt": f"a prompt of job {number}", "steps": 20},
            "response_payload": {"image_uri": uri, "callback_metadata": {"has_image": has_image}}}


def write(path, rows, schema=SCHEMA, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path, **{"compression": "snappy", **options})


def write_csv(path, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_bytes(text.getvalue().encode())


SMALL = [job(0, "alpha", "success", True, "gs://b/images/0.png", 0),
         job(1, "alpha", "success", False, None, 0),
         job(2, "beta", "failed", False, None, 1),
         job(3, "beta", "success", True, "gs://b/images/3.png", 1),
         job(4, "alpha", "pending", None, None, 2),
         job(5, "gamma", "success", True, "gs://b/images/5.png", 2),
         job(6, "gamma", "success", True, "gs://b/images/5.png", 2),
         job(7, "beta", "timeout", False, None, 3),
         job(8, "alpha", "success", True, "", 3),
         job(9, None, "success", False, None, 4)]


def is_missing(row):
    response = row["response_payload"]
    has_image = response["callback_metadata"]["has_image"]
    return not has_image if has_image is not None else not (response["image_uri"] or "").strip()


def summary(rows):
    """The rows of missing_images_by_miner.csv."""
    counts = {}
    for row in rows:
        if is_missing(row):
            status = row["status"] if row["status"] in ("success", "failed", "pending") else "other"
            miner = counts.setdefault(row["miner_hotkey"] or "UNKNOWN", dict.fromkeys(("all", "success", "failed", "pending", "other"), 0))
            miner["all"] += 1
            miner[status] += 1
    header = ["miner_hotkey", "missing_jobs", "success_missing", "failed_missing", "pending_missing", "other_status_missing"]
    return [header] + [[name, *count.values()] for name, count in sorted(counts.items(), key=lambda item: -item[1]["all"])]


def report(rows, absent=()):
    """The rows of image_existence_report.csv, for claims at gs:// of which those named are absent."""
    lines = [["job_id", "miner_hotkey", "uri_hash", "exists", "error"]]
    for row in rows:
        uri = row["response_payload"]["image_uri"] or ""
        if row["response_payload"]["callback_metadata"]["has_image"] and uri.startswith("gs://"):
            lines.append([row["job_id"], row["miner_hotkey"] or "", hashlib.sha256(uri.encode()).hexdigest(),
                          str(uri not in absent), ""])
    return lines


def small():
    write(JOBS / "small.parquet", SMALL, row_group_size=4)
    write_csv(JOBS / "small_missing.csv", summary(SMALL))
    write_csv(JOBS / "small_twice_missing.csv", summary(SMALL + SMALL))
    write_csv(JOBS / "small_days_2_and_3_missing.csv", summary(SMALL[2:7]))
    write_csv(JOBS / "small_verified.csv", report(SMALL, ["gs://b/images/3.png"]))
    rows = summary(SMALL)
    write_csv(JOBS / "small_flagged.csv", [
        ["miner_hotkey", "missing_jobs", "success_missing", "success_missing_ratio"],
        *[[name, missing, success, f"{success / missing:.4f}"] for name, missing, success, *_ in rows[1:]
          if success / missing >= 0.5]])


def hive():
    """A folder whose subfolders give the status; beside them, names that are not to be read."""
    schema = SCHEMA.remove(SCHEMA.get_field_index("status"))
    for status in ("failed", "success"):
        rows = [row for row in SMALL if row["status"] == status]
        write(JOBS / "hive" / f"status={status}" / "part.parquet",
              [{name: value for name, value in row.items() if name != "status"} for row in rows], schema)
    (JOBS / "hive" / "_SUCCESS").write_bytes(b"")
    (JOBS / "hive" / ".part.parquet.crc").write_bytes(b"not Parquet")
    write_csv(JOBS / "hive_missing.csv", summary([row for status in ("failed", "success")
                                                   for row in SMALL if row["status"] == status]))


def damaged():
    """small.parquet with the compressed bytes of one needed column overwritten, in row group 1."""
    content = bytearray((JOBS / "small.parquet").read_bytes())
    metadata = pq.ParquetFile(JOBS / "small.parquet").metadata.row_group(1)
    for index in range(metadata.num_columns):
        column = metadata.column(index)
        if column.path_in_schema == "miner_hotkey":
            end = column.dictionary_page_offset + column.total_compressed_size
            for position in range(end - 12, end):
                content[position] = 0xFF
            for position in range(column.dictionary_page_offset + 16, column.data_page_offset):
                content[position] = 0xFF
    (JOBS / "damaged_hotkey.parquet").write_bytes(content)


def tail(successes, trials, rate):
    """P(X >= successes) of a binomial."""
    return math.fsum(math.comb(trials, k) * rate**k * (1 - rate)**(trials - k) for k in range(successes, trials + 1))


def root_of(rising, target):
    """Where a rising function of [0, 1] has this value."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return low


def judged(counts, tolerate=0.03, fdr=0.01):
    """The rows of ..._claims.csv for miner -> (claims, success_missing, without address, absent); all claims succeed."""
    rows = []
    for miner, (claims, *without) in counts.items():
        k = sum(without)
        lower = root_of(lambda rate: tail(k, claims, rate), 0.025) if k else 0
        upper = root_of(lambda rate: tail(k + 1, claims, rate), 0.975) if k < claims else 1
        rows.append([miner, claims, claims, *without, k, k / claims, lower, upper, tail(k, claims, tolerate)])
    rows.sort(key=lambda row: (row[-1], -row[7], row[0]))
    adjusted = 1.0
    for rank in range(len(rows), 0, -1):
        adjusted = min(adjusted, rows[rank - 1][10] * len(rows) / rank)
        rows[rank - 1].append(adjusted)
    header = ["miner_hotkey", "jobs", "claims", "success_missing", "claims_without_address", "absent_objects",
              "without_image", "rate", "rate_lower", "rate_upper", "p_value", "p_adjusted", "suspect"]
    return [header] + [[*row[:7], *(f"{value:.6g}" for value in row[7:]), str(row[-1] <= fdr)] for row in rows]


def claims():
    """Four miners with 40 success claims each: honest ones lose one image; the others claim what is not there."""
    rows = []
    for miner in ("honest", "denier", "blank", "ghost"):
        for i in range(40):
            has_image, uri = True, f"gs://b/{miner}/{i}.png"
            if miner == "honest" and i == 0 or miner == "denier" and i < 20:
                has_image, uri = False, None
            if miner == "blank" and i < 20:
                uri = "  "
            rows.append(job(len(rows), miner, "success", has_image, uri, i % 5))
    write(JOBS / "claims.parquet", rows)
    absent = {f"gs://b/ghost/{i}.png" for i in range(20)}
    write_csv(JOBS / "claims_verified.csv", report(rows, absent))
    counts = {"honest": (40, 1, 0, 0), "denier": (40, 20, 0, 0), "blank": (40, 0, 20, 0), "ghost": (40, 0, 0, 0)}
    write_csv(JOBS / "claims_judged.csv", judged(counts))
    write_csv(JOBS / "claims_verified_judged.csv", judged({**counts, "ghost": (40, 0, 0, 20)}))


def places():
    """Claims at S3, at file://, and at bare paths."""
    uris = ["s3://b/ok.png", "s3://b/gone.png", "images/here.png", "images/gone.png",
            "file:///nonexistent-for-assay/x.png", "s3://b/fault/403/x.png"]
    write(JOBS / "places.parquet", [job(i, "alpha", "success", True, uri) for i, uri in enumerate(uris)])


def odd():
    """Payloads as JSON text, and bare paths that try to leave the root."""
    schema = SCHEMA.set(SCHEMA.get_field_index("response_payload"), pa.field("response_payload", pa.string()))
    texts = ['{"image_uri": "gs://b/0.png", "callback_metadata": {"has_image": true}}',
             '{"image_uri": "gs://b/1.png", "callback_metadata": {"has_image": false}}', "not JSON", None]
    rows = [job(i, "alpha" if i < 2 else "beta", "success", None, None) for i in range(len(texts))]
    for row, text in zip(rows, texts):
        row["response_payload"] = text
    write(JOBS / "json_text.parquet", rows, schema)
    write_csv(JOBS / "json_text_missing.csv", [
        summary([])[0], ["beta", 2, 2, 0, 0, 0], ["alpha", 1, 1, 0, 0, 0]])
    uris = ["../outside.png", "images/../../outside.png", "/etc/hostname", "..//outside.png"]
    write(JOBS / "escaping.parquet", [job(i, "alpha", "success", True, uri) for i, uri in enumerate(uris)])


def network():
    """Claimed objects whose names tell the object server how to fail."""
    cured = ["ok/0.png", "fault/503x3/a", "fault/500x1/a", "fault/408x1/a", "fault/dropx2/a", "fault/badjsonx1/a",
             "fault/halfbodyx1/a", "fault/slow300/a"]
    lasting = ["ok/0.png", "gone/0.png", "fault/503/a", "fault/drop/a", "fault/badjson/a", "fault/halfbody/a",
               "fault/stall/a", "fault/403/a"]
    for name, objects in (("cured", cured), ("lasting", lasting), ("retry_after", ["fault/429r2x1/a", "ok/0.png"]),
                          ("denied", ["ok/0.png", "fault/403/a"]), ("unknown", ["ok/0.png", "fault/400/a"])):
        write(FAULTS / f"{name}.parquet",
              [job(i, "alpha", "success", True, f"gs://b/{object_name}") for i, object_name in enumerate(objects)])


def many():
    """3,000 claims of 2,900 objects: enough to be interrupted."""
    rows = [job(i, f"miner{i % 37}", "success", True, f"gs://b/images/{i % 2900:05}.png", i % 5) for i in range(3000)]
    write(FAULTS / "many.parquet", rows, compression="zstd", row_group_size=1000)


def signed():
    """Claims at S3 whose names are hard to sign, each with an absent twin, and a folder of two pages."""
    names = ["a b.png", "\u00fc.png", "100%25.png", "a%20b.png", "a+b.png", "q?x=1&y=2", "#f", "~'()!*", ".hidden",
             "a:b@c,d;e=f$", '"quoted"', "{}|^`<>[]", "deep/er/still", "\U0001f5bc.png", "tail="]
    present = [f"signed/{name}" for name in names] + [f"signed/{i:05}.png" for i in range(1100)]
    absent = ["signed"] + [f"signed/gone {name}" for name in names] + [f"signed/{i:05}.png" for i in range(1100, 1150)]
    write(JOBS / "signed.parquet", [job(i, "alpha", "success", True, f"s3://assay-test/{name}")
                                    for i, name in enumerate(present + absent)], compression="zstd")
    lines = [f"{name in present}\t{name}\n" for name in present + absent]
    (JOBS / "signed_objects.tsv").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    for make in (small, hive, damaged, claims, places, odd, network, many, signed):
        make()
