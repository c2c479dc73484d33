"""What the old validator does for each answer, written anew from its description: a stand-in for it.

Both windows are gone through from the start for each miner, with scikit-learn's figures. Prints the
microseconds for one miner with 100 answers.
"""

import random
import statistics
import time
import warnings
from collections import deque

import numpy
from sklearn import metrics

MINERS = 10
ANSWERS = 100


def figures(predictions, labels, window):
    pairs = [(p, label) for p, label in zip(list(predictions)[-window:], list(labels)[-window:]) if p != -1]
    chances = numpy.array([p for p, _ in pairs])
    rounded = numpy.round(chances)
    truth = numpy.array([label for _, label in pairs])
    both = len(numpy.unique(truth)) > 1
    return {"accuracy": metrics.accuracy_score(truth, rounded),
            "precision": metrics.precision_score(truth, rounded, zero_division=0),
            "recall": metrics.recall_score(truth, rounded, zero_division=0),
            "f1": metrics.f1_score(truth, rounded, zero_division=0),
            "mcc": max(0, metrics.matthews_corrcoef(truth, rounded)) if both else 0,
            "auc": metrics.roc_auc_score(truth, chances) if both else 0}


def main() -> None:
    warnings.simplefilter("ignore")
    source = random.Random(1)
    miners = [(deque(maxlen=ANSWERS), deque(maxlen=ANSWERS)) for _ in range(MINERS)]
    for predictions, labels in miners:
        for _ in range(ANSWERS):
            predictions.append(source.random())
            labels.append(source.randrange(2))
    times = []
    for _ in range(9):
        start = time.perf_counter()
        for predictions, labels in miners:
            predictions.append(source.random())
            labels.append(source.randrange(2))
            reward = 0.5 * figures(predictions, labels, 100)["mcc"] + 0.5 * figures(predictions, labels, 10)["accuracy"]
            assert 0 <= reward**3 <= 1
        times.append((time.perf_counter() - start) / MINERS * 1e6)
    print(f"{statistics.median(times):.1f}")


if __name__ == "__main__":
    main()
