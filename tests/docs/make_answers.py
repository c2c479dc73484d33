"""The answers that the validator's guide is run with."""

import json
import random

MINERS = {"skilled": 0.93, "fair": 0.8, "guesser": 0.5}
source = random.Random(1)
with open("answers.jsonl", "w") as file:
    for challenge in range(60):
        for uid, (hotkey, accuracy) in enumerate(MINERS.items()):
            label = challenge % 2
            prediction = label if source.random() < accuracy else 1 - label
            answer = {"uid": uid, "hotkey": hotkey, "label": label, "prediction": prediction, "challenge": challenge}
            file.write(json.dumps(answer) + "\n")
