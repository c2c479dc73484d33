"""A table of photos, 1,280 by 720, of one row group as pandas writes it: make_table.py FILE ROWS"""

import io
import os
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageChops

SIZE = (1280, 720)


def photos(count):
    noise = Image.frombytes("RGB", SIZE, random.Random(0).randbytes(SIZE[0] * SIZE[1] * 3))
    for number in range(count):
        chance = random.Random(number)
        scene = Image.frombytes("RGB", (16, 9), chance.randbytes(16 * 9 * 3)).resize(SIZE, Image.Resampling.BICUBIC)
        grain = ImageChops.offset(noise, chance.randrange(SIZE[0]), chance.randrange(SIZE[1]))
        file = io.BytesIO()
        Image.blend(scene, grain, 0.12).save(file, "JPEG", quality=90)
        yield {"bytes": file.getvalue(), "path": f"{number}.jpg"}


def main():
    target, count = sys.argv[1], int(sys.argv[2])
    image = pa.array(list(photos(count)), pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    label = pa.array([number % 2 for number in range(count)])
    words = pa.array(["cones" if number % 2 else "" for number in range(count)])
    pq.write_table(pa.table({"image": image, "label": label, "scene_description": words}), target + ".partial")
    os.replace(target + ".partial", target)


if __name__ == "__main__":
    main()
