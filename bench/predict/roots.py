"""Trees of data for the predict desk: models in their places, and nothing else."""

import pathlib
import shutil

import programs

FOLDER = programs.DATA / "predict"


def new(name: str) -> pathlib.Path:
    root = FOLDER / "roots" / name
    shutil.rmtree(root, ignore_errors=True)
    models = root / "ai_data" / "models"
    models.mkdir(parents=True)
    data = programs.ROOT / "tests" / "data" / "models"
    shutil.copy(data / "ranker_plain.pt", models / "ranker_v4.pt")
    shutil.copy(data / "crop_plain.pt", models / "crop_proposer_v3.pt")
    return root
