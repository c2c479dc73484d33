#!/usr/bin/env python3
"""Makes the tables of photos beside this file, as others write them. Needs pyarrow and Pillow.

usage: make_tables.py FOLDER
"""

import base64
import datetime
import io
import pathlib
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def picture(seed, size=(48, 36), kind="JPEG"):
    """Another look for each seed."""
    source = random.Random(seed)
    coarse = Image.new("RGB", (8, 6))
    coarse.putdata([tuple(source.randrange(256) for _ in range(3)) for _ in range(48)])
    image = coarse.resize(size, Image.Resampling.BICUBIC)
    if kind == "GIF":
        image = image.convert("P")
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def struct_column(images):
    return pa.array([None if image is None else {"bytes": image, "path": f"photo_{i}.jpg"} for i, image in enumerate(images)],
                    STRUCT)


def extract_cases(folder):
    def write(name, **columns):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")

    seeds = iter(range(1000, 2000))
    jpeg, png = picture(next(seeds)), picture(next(seeds), (50, 40), "PNG")
    write("struct_jpeg_png", image=struct_column([jpeg, png]), label=pa.array([1, 0]), scene_description=pa.array(["x", ""]))
    write("null_metadata", image=struct_column([picture(next(seeds)), picture(next(seeds))]),
          label=pa.array([1, None], pa.int64()), scene_description=pa.array(["x", None], pa.string()))
    write("binary_column", Image=pa.array([picture(next(seeds)), picture(next(seeds))], pa.binary()), label=pa.array([1, 0]))
    write("base64_string", image=pa.array([base64.b64encode(picture(next(seeds))).decode() for _ in range(2)]),
          label=pa.array([1, 0]))
    write("formats", image=struct_column([picture(next(seeds), kind=kind) for kind in ("WEBP", "GIF", "BMP", "TIFF", "PNG", "JPEG")]),
          label=pa.array([1] * 6))
    write("no_image_column", label=pa.array([1, 0]))
    write("fewer_than_requested", image=struct_column([picture(next(seeds)) for _ in range(3)]), label=pa.array([1, 0, 1]))
    write("more_than_requested", image=struct_column([picture(next(seeds)) for _ in range(30)]),
          label=pa.array([i % 2 for i in range(30)]))
    for name, options in {"pages_v2": {"data_page_version": "2.0", "use_dictionary": False},
                          "pages_v2_unpacked": {"data_page_version": "2.0", "compression": "none"},
                          "pages_unpacked": {"compression": "none", "use_dictionary": False},
                          "pages_zstd": {"compression": "zstd"}}.items():
        images = [None if i == 3 else picture(next(seeds)) for i in range(9)]
        pq.write_table(pa.table({"image": struct_column(images), "label": pa.array([1] * 9)}), folder / f"{name}.parquet",
                       row_group_size=5, **options)
    # What goes wrong with single rows, and a misleading column in front.
    write("bad_rows", image_id=pa.array(["a", "b", "c", "d"]),
          photo=struct_column([b"no image at all", None, picture(next(seeds))[:400], picture(next(seeds))]),
          label=pa.array([1, 1, 1, 1]))


def data_set(folder):
    """Two tables of 40 photos, half of them of works, in row groups of 16."""
    start = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
    for number in range(2):
        rows = range(number * 40, number * 40 + 40)
        table = pa.table({
            "image_id": pa.array([f"id-{row}" for row in rows]),
            "image": struct_column([picture(row) for row in rows]),
            "label": pa.array([row % 2 for row in rows]),
            "scene_description": pa.array([f"cones on lane {row}" if row % 2 else "" for row in rows]),
            "place": pa.array([{"city": "Hamburg", "gps": {"lat": 53.5 + row / 100, "lon": 10.0}} for row in rows]),
            "captured": pa.array([start + datetime.timedelta(minutes=row) for row in rows], pa.timestamp("us", "UTC")),
            "is_wet": pa.array([None if row % 3 == 0 else row % 3 == 1 for row in rows]),
            "boxes": pa.array([[row, row + 1] for row in rows]),
        })
        pq.write_table(table, folder / f"train-{number:05}-of-00002.parquet", row_group_size=16)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    (target / "extract").mkdir(parents=True, exist_ok=True)
    (target / "roadwork" / "data").mkdir(parents=True, exist_ok=True)
    extract_cases(target / "extract")
    data_set(target / "roadwork" / "data")
    (target / "roadwork" / "README.md").write_text("Photos of a test, drawn by chance.\n")
