"""A zip of many gigabytes that takes few: its entries are holes of a sparse file."""

import pathlib
import struct
import zlib

END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
ZIP64_END = struct.Struct("<4sQ2H2L4Q")
ZIP64_LOCATOR = struct.Struct("<4sLQL")
STORED, ZIP64_VERSION = 0, 45


def make(path: pathlib.Path, names: list[str], gigabytes: int) -> None:
    stride = gigabytes * 10**9 // len(names)
    partial = path.with_suffix(".partial")
    directory = bytearray()
    checksums: dict[int, int] = {}
    with open(partial, "wb") as file:
        for number, name in enumerate(names):
            encoded = name.encode()
            offset, size = number * stride, stride - 30 - len(encoded)
            checksum = checksums.setdefault(size, zlib.crc32(bytes(size)))
            common = struct.pack("<4HLLL2H", 0, STORED, 0, 0x5A21, checksum, size, size, len(encoded), 0)
            file.seek(offset)
            file.write(b"PK\x03\x04" + struct.pack("<H", ZIP64_VERSION) + common + encoded)
            extra = struct.pack("<2HQ", 1, 8, offset)
            directory += b"PK\x01\x02" + struct.pack("<2H", ZIP64_VERSION, ZIP64_VERSION) + common[:-2]
            directory += struct.pack("<4H2L", len(extra), 0, 0, 0, 0, 0xFFFFFFFF)
            directory += encoded + extra
        start = len(names) * stride
        file.seek(start)
        file.write(directory)
        count, end = len(names), start + len(directory)
        file.write(ZIP64_END.pack(b"PK\x06\x06", 44, ZIP64_VERSION, ZIP64_VERSION, 0, 0, count, count,
                                  len(directory), start))
        file.write(ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, end, 1))
        shown = min(count, 0xFFFF)
        file.write(END_OF_DIRECTORY.pack(b"PK\x05\x06", 0, 0, shown, shown, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    partial.rename(path)
