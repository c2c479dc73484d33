"""The old program's way: unpack the zip, then for each image PIL, open_clip and torch in fp32, one image at a time.

usage: seed_way.py ARCHIVE IMAGES WEIGHTS HEADS_FOLDER [VECTORS.npy]
"""

import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

import numpy
import open_clip
import safetensors.torch
import torch
from PIL import Image

import peer_parts


def load_clip(weights: str):
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None)
    model.load_state_dict(safetensors.torch.load_file(weights), strict=False)
    return model.eval(), preprocess


@torch.no_grad()
def main(archive: str, images: str, weights: str, heads_folder: str, vectors_path: str = "") -> None:
    model, preprocess = load_clip(weights)
    heads = peer_parts.load_heads(pathlib.Path(heads_folder))
    model.encode_image(torch.zeros(1, 3, 224, 224))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="assay-bench-"))
    database = sqlite3.connect(folder / "bench.db")
    database.execute(peer_parts.TABLE)
    kept = []
    wall, cpu = time.perf_counter(), time.process_time()
    paths = peer_parts.extract(pathlib.Path(archive), folder, int(images))
    done = 0
    for number, group in enumerate(peer_parts.groups_of(paths)):
        vectors, sizes = [], []
        for path in group:
            image = Image.open(path).convert("RGB")
            vectors.append(model.encode_image(preprocess(image).unsqueeze(0))[0])
            sizes.append(image.size)
            done += 1
        kept += vectors
        peer_parts.decide(heads, torch.stack([v / v.norm() for v in vectors]), sizes, group, number, database)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    shutil.rmtree(folder)
    if vectors_path:
        numpy.save(vectors_path, torch.stack(kept).numpy())
    print(json.dumps({"images": done, "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
