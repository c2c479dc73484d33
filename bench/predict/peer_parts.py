"""What both peers need: the groups of an archive, the heads, the old table."""

import json
import pathlib
import sqlite3
import zipfile

TABLE = """create table if not exists ai_decisions (group_id text primary key, timestamp text not null,
project_id text not null, directory text, images text not null, ai_selected_index integer, ai_crop_coords text,
ai_confidence real, image_width integer not null, image_height integer not null)"""


def extract(archive: pathlib.Path, folder: pathlib.Path, images: int) -> list[pathlib.Path]:
    """The first images of an archive as files, as the old runner unpacks it."""
    with zipfile.ZipFile(archive) as source:
        names = sorted(source.namelist())[:images]
        source.extractall(folder, names)
    return [folder / name for name in names]


def groups_of(paths: list[pathlib.Path]):
    """The bench's own names: three stages in turn."""
    return [paths[first : first + 3] for first in range(0, len(paths), 3)]


def load_heads(folder: pathlib.Path):
    import torch

    heads = []
    for name, last in (("ranker_v4.pt", None), ("crop_proposer_v3.pt", torch.nn.Sigmoid())):
        state = torch.load(folder / name, map_location="cpu", weights_only=True)
        layers = []
        for key in sorted((key for key in state if key.endswith(".weight")), key=lambda key: int(key.split(".")[-2])):
            weight, bias = state[key], state[key.removesuffix("weight") + "bias"]
            layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight.data, layer.bias.data = weight, bias
            layers += [layer, torch.nn.ReLU()]
        heads.append(torch.nn.Sequential(*layers[:-1], *([last] if last else [])).eval())
    return heads


def decide(heads, vectors, sizes, group, number: int, database: sqlite3.Connection) -> None:
    """Scores, the best one's softmax and crop, and its row; committed at once, as the old batch does."""
    import torch

    ranker, crop = heads
    scores = ranker(vectors).squeeze(-1)
    best = int(torch.argmax(scores))
    confidence = float(torch.softmax(scores, 0)[best])
    width, height = sizes[best]
    features = torch.cat([vectors[best], torch.tensor([width / 10000, height / 10000])])
    box = crop(features.unsqueeze(0))[0].tolist()
    database.execute("insert into ai_decisions values (?, '2025-01-01T00:00:00Z', 'bench', ?, ?, ?, ?, ?, ?, ?)",
                     (f"group_{number}", str(group[0].parent), json.dumps([path.name for path in group]), best,
                      json.dumps(box), confidence, width, height))
    database.commit()
