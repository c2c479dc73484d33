#!/usr/bin/env python3
"""Make state.npz and state_objects.npz, as the old validator's numpy.savez() does. Needs numpy."""

import pathlib

import numpy

HERE = pathlib.Path(__file__).resolve().parent
SCORES = numpy.array([0.5, 0.0, 0.125, float("nan")], dtype=numpy.float32)
HOTKEYS = ["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
           "short", "späť"]

numpy.savez(HERE / "state.npz", step=4711, scores=SCORES, hotkeys=HOTKEYS)
numpy.savez(HERE / "state_objects.npz", step=4711, scores=SCORES, hotkeys=numpy.array(HOTKEYS, dtype=object))
