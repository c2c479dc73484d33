#!/usr/bin/env python3
"""Write data/ai_data/embedding_store with vectors for what make_scored.py wrote; format: docs/formats/embedding-store.md."""

import math
import pathlib
import struct

TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def slot(payload):
    rest = struct.pack("<I", 1) + payload
    return struct.pack("<I", crc32c(rest)) + rest


header = b"ASSAYVEC" + struct.pack("<II", 1, 64 + 4 * 512) + bytes(range(16)) + bytes(28)
store = header + struct.pack("<I", crc32c(header))
# By content, the direction in degrees: two of one group 8 apart, two of different groups 10, one far from all.
for content, degrees in ((0, 0), (1, 8), (16, 18), (17, 90)):
    vector = [0.0] * 512
    vector[3], vector[400] = 9 * math.cos(math.radians(degrees)), 9 * math.sin(math.radians(degrees))
    store += slot(content.to_bytes(32, "big") + (1).to_bytes(32, "big") + struct.pack("<512f", *vector))
folder = pathlib.Path("data/ai_data/embedding_store")
folder.mkdir(parents=True)
(folder / "vectors-512.store").write_bytes(store)
