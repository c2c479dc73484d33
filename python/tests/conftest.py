"""What several tests need."""

from __future__ import annotations

import json
import pathlib
import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import assay

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def records(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """The finished records by id; fails when an id is there twice."""
    found: dict[str, dict[str, Any]] = {}
    for line in (folder / "generation_history.jsonl").read_text().splitlines():
        record = json.loads(line)
        generation_id = record["metadata"]["generation_id"]
        assert generation_id not in found
        found[generation_id] = record
    return found


def splat(num_gaussians: int = 3) -> bytes:
    """A small PLY file of Gaussians."""
    names = ["x", "y", "z", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    header = "ply\nformat binary_little_endian 1.0\nelement vertex %d\n" % num_gaussians
    header += "".join(f"property float {name}\n" for name in names) + "end_header\n"
    row = struct.pack("<11f", 0, 1, 2, 0.5, -3, -3, -3, 1, 0, 0, 0)
    return header.encode() + row * num_gaussians


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "data"


@pytest.fixture
def log(folder: pathlib.Path) -> Iterator[assay.DataLogger]:
    with assay.DataLogger(folder, miner_uid=226, miner_version="v1") as opened:
        yield opened
