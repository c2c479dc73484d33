#!/usr/bin/env python3
"""The way of the old logger, written anew for comparison: nothing of it is durable.

Open generations live in memory and in pending_generations.json, which each change rewrites whole, in
place; a finished one is appended to generation_history.jsonl. There is no fsync and no lock.

usage: old_logger.py FOLDER OPEN SECONDS
Logs generations one after the other beside OPEN others, and prints one JSON object: how many a second, and
what one took.
"""

import datetime
import json
import pathlib
import sys
import time
import uuid


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


class OldLogger:
    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.pending_path = folder / "pending_generations.json"
        self.history_path = folder / "generation_history.jsonl"
        self.open: dict[str, dict] = {}

    def save(self) -> None:
        with open(self.pending_path, "w", encoding="utf-8") as file:
            file.write(json.dumps(self.open))

    def start(self) -> str:
        generation_id = str(uuid.uuid4())
        prompt = "wooden chair with carved details"
        self.open[generation_id] = {
            "metadata": {"generation_id": generation_id, "timestamp": now(), "miner_uid": 226,
                         "miner_version": "unknown", "validator_uid": None,
                         "validator_hotkey": "5F3sa2TN" + "bench" * 8, "network": "mainnet"},
            "task": {"task_type": "TEXT-TO-3D", "prompt": prompt, "prompt_length": len(prompt),
                     "is_base64_image": False, "base64_image_hash": None, "image_file_path": None},
            "miner_config": {"trellis_sparse_steps": 45, "gaussian_threshold": 50000},
            "generation": {"enhanced_prompt": None, "negative_prompt": None, "timing": {}, "output": {},
                           "submission": {}},
            "validator_feedback": {"received": False, "feedback_time": None, "score": None, "accepted": None,
                                   "feedback_delay_seconds": None},
            "failure_analysis": {"failed": False, "error_type": None, "error_message": None, "stack_trace": None}}
        self.save()
        return generation_id

    def update(self, generation_id: str, section: str, values: dict) -> None:
        self.open[generation_id]["generation"][section].update(values)
        self.save()

    def feedback(self, generation_id: str, score: float) -> None:
        self.open[generation_id]["validator_feedback"].update(
            received=True, feedback_time=now(), score=score, accepted=score > 0, feedback_delay_seconds=0.0)
        self.save()

    def finish(self, generation_id: str) -> None:
        record = self.open.pop(generation_id)
        with open(self.history_path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self.save()


def log_one(logger: OldLogger) -> None:
    generation_id = logger.start()
    logger.update(generation_id, "timing", {"total_time": 21.45, "sdxl_time": 8.62, "trellis_time": 12.15,
                                            "validation_time": 0.4})
    logger.update(generation_id, "output", {
        "num_gaussians": 398234, "file_size_mb": 35.3, "quality_metrics": {"clip_score": 0.189},
        "gaussian_stats": {"opacity_mean": 4.84, "opacity_std": 1.7, "scale_mean": 0.012}})
    logger.update(generation_id, "submission", {"submitted": True, "submission_time": now(),
                                                "pre_submission_rejection": False, "rejection_reason": None})
    logger.feedback(generation_id, 0.65)
    logger.finish(generation_id)


def main() -> None:
    logger = OldLogger(pathlib.Path(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        logger.start()
    taken_us = []
    start = before = time.perf_counter()
    while before - start < float(sys.argv[3]):
        log_one(logger)
        after = time.perf_counter()
        taken_us.append((after - before) * 1e6)
        before = after
    taken_us.sort()
    last = len(taken_us) - 1
    print(json.dumps({"calls_per_s": len(taken_us) / (before - start), "p50_us": taken_us[last // 2],
                      "p99_us": taken_us[int(last * 0.99)], "max_us": taken_us[-1], "syncs_per_s": 0}))


if __name__ == "__main__":
    main()
