#!/usr/bin/env python3
"""A service of image and chat models for tests: the APIs of OpenAI and of A1111's web UI, or their faults.

usage: image_server.py [--key KEY] [--log FILE] [faults]

Each image shows blocks of colours that follow from the request. It prints its address, `listening on 127.0.0.1:PORT`, and
serves until it is killed.
"""

import argparse
import base64
import hashlib
import http.server
import json
import random
import re
import struct
import threading
import zlib


def png(width, height, seed):
    """Blocks of colour: never blank, and no two seeds look alike."""
    source = random.Random(seed)
    blocks = [[bytes(source.randrange(256) for _ in range(3)) for _ in range(8)] for _ in range(8)]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += blocks[y * 8 // height][x * 8 // width]

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    lock = threading.Lock()
    num_questions = 0
    files = {}

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", headers=()):
        if self.options.log:
            with self.lock, open(self.options.log, "a", encoding="utf-8") as file:
                file.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, status, value):
        self.answer(status, json.dumps(value).encode())

    def is_known(self):
        key = self.options.key
        if not key:
            return True
        basic = base64.b64encode(key.encode()).decode()
        return self.headers.get("Authorization") in (f"Bearer {key}", f"Basic {basic}")

    def do_GET(self):  # noqa: N802, the name is the library's
        content = self.files.get(self.path)
        if content is None:
            return self.answer_json(404, {"detail": "Not Found"})
        return self.answer(200, content, "image/png")

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        options = self.options
        with self.lock:
            Handler.num_questions += 1
            number = Handler.num_questions
        if not self.is_known():
            shown = self.headers.get("Authorization", "none")
            return self.answer_json(401, {"error": {"message": f"Incorrect API key provided: {shown}"}})
        if options.status and number >= options.start and (options.times is None or number <= options.times):
            return self.answer_json(options.status, {"error": {"message": f"the {options.status} that was asked for"}})
        if options.bad_every and number % options.bad_every == 0:
            return self.answer_json(200, {"data": [{"b64_json": "bm8gaW1hZ2U="}], "images": ["bm8gaW1hZ2U="]})
        if self.path == "/v1/chat/completions":
            return self.chat(json.loads(body))
        if self.path in ("/v1/images/generations", "/v1/images/edits"):
            return self.openai(body)
        if self.path in ("/sdapi/v1/txt2img", "/sdapi/v1/img2img"):
            question = json.loads(body)
            image = png(question["width"], question["height"], json.dumps(question))
            info = json.dumps({"seed": question["seed"]})
            return self.answer_json(200, {"images": [base64.b64encode(image).decode()], "info": info})
        return self.answer_json(404, {"detail": "Not Found"})

    def openai(self, body):
        if self.path.endswith("edits"):
            size = re.search(rb'name="size"\r\n\r\n(\d+)x(\d+)\r\n', body)
            width, height = int(size[1]), int(size[2])
        else:
            width, height = map(int, json.loads(body)["size"].split("x"))
        image = png(width, height, hashlib.sha256(body).hexdigest() + str(self.num_questions))
        if not self.options.by_address:
            return self.answer_json(200, {"created": 1, "data": [{"b64_json": base64.b64encode(image).decode()}]})
        name = f"/files/{hashlib.sha256(image).hexdigest()}.png"
        self.files[name] = image
        return self.answer_json(200, {"created": 1, "data": [{"url": f"http://127.0.0.1:{self.server.server_port}{name}"}]})

    def chat(self, question):
        parts = question["messages"][1]["content"]
        has_image = any(part["type"] == "image_url" for part in parts)
        works = "road works in progress" in parts[0]["text"]
        words = f"{'Cones' if works else 'A lane'} {'as in the photo' if has_image else 'of my own'}, {question['seed']}."
        return self.answer_json(200, {"choices": [{"message": {"role": "assistant", "content": words}}]})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", help="refuse whoever does not send it")
    parser.add_argument("--log", help="write each request into this file")
    parser.add_argument("--by-address", action="store_true", help="the OpenAI API: say where images lie")
    parser.add_argument("--status", type=int, help="refuse with this status")
    parser.add_argument("--from", type=int, default=1, dest="start", help="from this request on")
    parser.add_argument("--times", type=int, help="so often only")
    parser.add_argument("--bad-every", type=int, help="each Nth answer holds no image")
    Handler.options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
