#!/usr/bin/env python3
"""Write pictures, `original/p/`, and what a user made of them, `final/`: a crop, a whole one, another picture."""

import math
import pathlib
import struct
import zlib

WIDTH, HEIGHT = 160, 120


def pixels(seed, left=0, top=0, width=WIDTH, height=HEIGHT):
    """Rows of RGB of a part of a picture in which no place is like another."""
    for y in range(top, top + height):
        row = bytearray()
        for x in range(left, left + width):
            value = (128 + 50 * math.sin(x / (7 + seed) + seed) + 40 * math.sin(y / 9 + x / 23)
                     + 30 * math.sin(x * y / (700 + 90 * seed)))
            row += bytes((int(value), int(255 - value), int(value) // 2))
        yield bytes(row)


def write_png(path, rows):
    rows = list(rows)
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


for group in range(4):
    for step, stage in enumerate(("stage1_generated", "stage2_upscaled")):
        write_png(f"original/p/20250705_12{group:02d}{10 * step:02d}_{stage}.png", pixels(2 * group + step))
write_png("final/batch1/20250705_120010_stage2_upscaled.png", pixels(1, 40, 30, 80, 60))
write_png("final/20250705_120100_stage1_generated.png", pixels(2))
write_png("final/20250705_120200_stage1_generated.png",
          (bytes((x * 37 + y * y * 11) % 256 for x in range(240)) for y in range(60)))
