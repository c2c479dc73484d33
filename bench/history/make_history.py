#!/usr/bin/env python3
"""Make a data folder with a long history: the fields and shares of a real miner's, 1.9 KB a record.

usage: make_history.py FOLDER RECORDS [SEED]

The same arguments make the same bytes. One line in 2,000 is torn, as a crash of the old logger leaves it.
"""

import datetime
import json
import os
import pathlib
import random
import sys

DAYS = 30
FIRST_DAY = datetime.datetime(2025, 11, 1, tzinfo=datetime.timezone.utc)
SHARE_TORN = 0.0005
SHARE_IMAGES = 0.89
SHARE_FAILED = 0.04
SHARE_REJECTED = 0.14
SHARE_WITHOUT_FEEDBACK = 0.07
SHARE_ACCEPTED = 0.52

SUBJECTS = ["wooden rocking chair", "copper teapot", "stone lantern", "tapis persan usé", "青い花瓶",
            "toy locomotive"]
VALIDATORS = [(uid, f"5C{uid:03d}" + "bench" * 8 + "abc") for uid in (12, 57, 81, 140, 199, 230)]
ERRORS = [("TimeoutError", "the model took more than 35 s"), ("OutOfMemoryError", "CUDA out of memory"),
          ("ConnectError", "no connection to the renderer")]
FRAMES = "".join(f'  File "/opt/miner/serving/stage_{i}.py", line {i * 31 + 8}, in stage_{i}\n'
                 f"    result = await next_stage(request, deadline=deadline, attempt=attempt)\n" for i in range(6))
CONFIG = {"sdxl_turbo_steps": 4, "trellis_sparse_steps": 45, "trellis_slat_steps": 35, "trellis_sparse_cfg": 9.0,
          "trellis_slat_cfg": 4.0, "gaussian_threshold": 50000, "clip_threshold": 0.1, "background_threshold": 0.4,
          "validation_enabled": True, "depth_estimation_enabled": True}


def hexadecimal(source: random.Random, digits: int) -> str:
    return f"{source.getrandbits(4 * digits):0{digits}x}"


def make_task(source: random.Random, subject: str) -> dict:
    if source.random() >= SHARE_IMAGES:
        return {"task_type": "TEXT-TO-3D", "prompt": subject, "prompt_length": len(subject), "is_base64_image": False,
                "base64_image_hash": None, "image_file_path": None}
    digest = hexadecimal(source, 64)
    return {"task_type": "IMAGE-TO-3D", "prompt": f"[BASE64_IMAGE_HASH:sha256:{digest}]",
            "prompt_length": source.randint(250_000, 700_000), "is_base64_image": True,
            "base64_image_hash": "sha256:" + digest, "image_file_path": f"images/{digest[:16]}.png"}


def make_timing(source: random.Random, is_image: bool) -> dict:
    stages = {"background_removal_time": source.gauss(1.6, 0.2), "trellis_time": source.gauss(12.2, 1.5),
              "validation_time": source.gauss(0.4, 0.05)}
    if not is_image:
        stages["sdxl_time"] = source.gauss(8.6, 0.5)
    return {name: round(seconds, 3) for name, seconds in [("total_time", sum(stages.values())), *stages.items()]}


def make_output(source: random.Random, is_rejected: bool) -> dict:
    gaussians = source.randint(90_000, 800_000)
    clip = round(min(0.45, max(0.03, source.gauss(0.21, 0.045))), 4)
    return {"num_gaussians": gaussians, "file_size_mb": round(gaussians * 68 / 2**20, 2),
            "quality_metrics": {"clip_score": clip, "clip_threshold_pass": clip >= 0.1, "gaussian_count_pass": True,
                                "validation_pass": not is_rejected},
            "gaussian_stats": {"opacity_mean": round(source.gauss(4.8, 0.6), 4),
                               "opacity_std": round(source.gauss(1.7, 0.2), 4),
                               "scale_mean": round(source.gauss(0.012, 0.002), 6),
                               "bbox_volume": round(source.random(), 4)}}


def make_feedback(source: random.Random, time: datetime.datetime, output: dict, generation_id: str) -> dict:
    if source.random() < SHARE_WITHOUT_FEEDBACK:
        return {"received": False, "feedback_time": None, "score": None, "accepted": None,
                "feedback_delay_seconds": None}
    is_accepted = source.random() < SHARE_ACCEPTED
    delay = round(source.uniform(20, 180), 2)
    if is_accepted:
        digest = hexadecimal(source, 64)
        output["ply_file_path"] = f"ply_files/{generation_id}_{digest[:16]}.ply"
        output["ply_file_hash"] = "sha256:" + digest
    return {"received": True, "feedback_time": (time + datetime.timedelta(seconds=delay)).isoformat(),
            "score": round(source.uniform(0.4, 0.95), 4) if is_accepted else 0.0, "accepted": is_accepted,
            "feedback_delay_seconds": delay}


def make_record(source: random.Random, time: datetime.datetime) -> dict:
    digits = hexadecimal(source, 32)
    generation_id = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-b{digits[17:20]}-{digits[20:]}"
    uid, hotkey = source.choice(VALIDATORS)
    subject = source.choice(SUBJECTS)
    chance = source.random()
    is_failed = chance < SHARE_FAILED
    is_rejected = chance < SHARE_FAILED + SHARE_REJECTED
    error, message = source.choice(ERRORS) if is_failed else (None, None)
    task = make_task(source, subject)
    output = {} if is_failed else make_output(source, is_rejected)
    no_feedback = {"received": False, "feedback_time": None, "score": None, "accepted": None,
                   "feedback_delay_seconds": None}
    feedback = no_feedback if is_rejected else make_feedback(source, time, output, generation_id)
    reason = f"generation_error_{error}" if is_failed else "low_clip_score"
    return {
        "metadata": {"generation_id": generation_id, "timestamp": time.isoformat(), "miner_uid": 226,
                     "miner_version": "phase1_phase2_v1.0", "validator_uid": uid, "validator_hotkey": hotkey,
                     "network": "mainnet"},
        "task": task,
        "miner_config": CONFIG,
        "generation": {
            "enhanced_prompt": f"{subject}, centred, plain background, studio light, fine detail",
            "negative_prompt": None if task["is_base64_image"] else "",
            "timing": {} if is_failed else make_timing(source, task["is_base64_image"]),
            "output": output,
            "submission": {"submitted": not is_rejected,
                           "submission_time": None if is_rejected else
                           (time + datetime.timedelta(seconds=21)).isoformat(),
                           "pre_submission_rejection": is_rejected,
                           "rejection_reason": reason if is_rejected else None}},
        "validator_feedback": feedback,
        "failure_analysis": {"failed": is_failed, "error_type": error, "error_message": message,
                             "stack_trace": f"Traceback (most recent call last):\n{FRAMES}{error}: {message}\n"
                             if is_failed else None},
    }


def main() -> None:
    folder, records = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    source = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "generation_history.jsonl"
    step_s = DAYS * 86400 / records
    encode = json.JSONEncoder().encode
    with open(f"{path}.tmp", "w", encoding="ascii", newline="\n") as file:
        for number in range(records):
            time = FIRST_DAY + datetime.timedelta(seconds=(number + source.random()) * step_s)
            line = encode(make_record(source, time))
            if source.random() < SHARE_TORN:
                line = line[:source.randrange(1, len(line) - 1)]
            file.write(line + "\n")
    os.replace(f"{path}.tmp", path)


if __name__ == "__main__":
    main()
