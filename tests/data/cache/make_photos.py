#!/usr/bin/env python3
"""Write pictures for tests of the cache: make_photos.py FOLDER COUNT [--first N] [--side PIXELS]

Each is a PNG of coarse blocks in colours of its own, so that no two look alike. The same number gives the same bytes.
"""

import argparse
import pathlib
import random
import struct
import zlib

COLUMNS, ROWS = 12, 9


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def photo(number, side):
    chance = random.Random(number)
    width, height = side, side * ROWS // COLUMNS
    blocks = [[chance.randbytes(3) for _ in range(COLUMNS)] for _ in range(ROWS)]
    lines = [b"\0" + b"".join(line[x * COLUMNS // width] for x in range(width)) for line in blocks]
    pixels = b"".join(lines[y * ROWS // height] for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(pixels, 1)) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--side", type=int, default=96)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for number in range(options.first, options.first + options.count):
        (options.folder / f"image_{number:03d}.png").write_bytes(photo(number, options.side))


if __name__ == "__main__":
    main()
