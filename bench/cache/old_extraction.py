"""What the old updater did with a table, written from its description: load all of it, draw rows, decode and save each again.

usage: old_extraction.py TABLE FOLDER COUNT
"""

import io
import json
import pathlib
import random
import sys

import pyarrow.parquet as pq
from PIL import Image


def main():
    table, folder, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    columns = pq.read_table(table)
    rows = random.sample(range(columns.num_rows), count)
    stem = pathlib.Path(table).stem
    for row, values in zip(rows, columns.take(rows).to_pylist()):
        image = Image.open(io.BytesIO(values.pop("image")["bytes"]))
        name = f"{stem}__image_{row}.{image.format.lower()}"
        image.save(folder / name)
        sidecar = {"source_parquet": table, "original_index": str(row), "image_format": image.format.lower(),
                   "image_size": list(image.size), "image_mode": image.mode, **values}
        (folder / name).with_suffix(".json").write_text(json.dumps(sidecar, indent=2))


if __name__ == "__main__":
    main()
