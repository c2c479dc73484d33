"""A careful program in Python: ONNX Runtime in fp32, batches of 16 that PIL prepares on all cores, no unpacking.

usage: onnx_way.py ARCHIVE IMAGES WEIGHTS HEADS_FOLDER GRAPH.onnx
The graph is exported from the weights when it is not there.
"""

import concurrent.futures
import io
import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import time
import zipfile

import numpy
import torch
from PIL import Image

import peer_parts

BATCH = 16
MEAN = numpy.array([0.48145466, 0.4578275, 0.40821073], numpy.float32)
DEVIATION = numpy.array([0.26862954, 0.26130258, 0.27577711], numpy.float32)


def export(weights: str, graph: str) -> None:
    import seed_way

    model, _ = seed_way.load_clip(weights)
    partial = graph + ".partial"
    with torch.enable_grad():  # else attention is one operator that the exporter does not know
        torch.onnx.export(model.visual, torch.zeros(BATCH, 3, 224, 224), partial, dynamo=False, opset_version=17,
                          input_names=["pixels"], output_names=["vectors"])
    os.replace(partial, graph)


def prepare(encoded: bytes):
    image = Image.open(io.BytesIO(encoded)).convert("RGB")
    width, height = image.size
    scale = 224 / min(width, height)
    size = (224, int(height * scale)) if width <= height else (int(width * scale), 224)
    image_small = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    crop = numpy.asarray(image_small.crop((left, top, left + 224, top + 224)), numpy.float32)
    return ((crop / 255 - MEAN) / DEVIATION).transpose(2, 0, 1), (width, height)


@torch.no_grad()
def main(archive: str, images: str, weights: str, heads_folder: str, graph: str) -> None:
    if not os.path.exists(graph):
        export(weights, graph)
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    session.run(None, {"pixels": numpy.zeros((BATCH, 3, 224, 224), numpy.float32)})
    heads = peer_parts.load_heads(pathlib.Path(heads_folder))
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder, zipfile.ZipFile(archive) as source:
        database = sqlite3.connect(pathlib.Path(folder) / "bench.db")
        database.execute(peer_parts.TABLE)
        wall, cpu = time.perf_counter(), time.process_time()
        names = sorted(source.namelist())[: int(images)]
        vectors, sizes = [], []
        for first in range(0, len(names), BATCH):
            encoded = [source.read(name) for name in names[first : first + BATCH]]
            prepared = list(pool.map(prepare, encoded))
            pixels = numpy.zeros((BATCH, 3, 224, 224), numpy.float32)
            pixels[: len(prepared)] = [crop for crop, _ in prepared]
            vectors.append(session.run(None, {"pixels": pixels})[0][: len(prepared)])
            sizes += [size for _, size in prepared]
        all_vectors = torch.from_numpy(numpy.concatenate(vectors))
        paths = [pathlib.Path(name) for name in names]
        for number, group in enumerate(peer_parts.groups_of(paths)):
            part = slice(number * 3, number * 3 + len(group))
            peer_parts.decide(heads, all_vectors[part], sizes[part], group, number, database)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        database.close()
    print(json.dumps({"images": len(names), "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
