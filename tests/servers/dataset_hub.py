#!/usr/bin/env python3
"""A hub of data sets and models for tests: it serves a folder as its clients expect, or fails as a real one does.

usage: dataset_hub.py FOLDER [--repo OWNER/NAME] [faults]

Large files come from a second port, as they do from another host. It prints its address, `listening on 127.0.0.1:PORT`,
and serves until it is killed.
"""

import argparse
import hashlib
import http.server
import json
import pathlib
import re
import socket
import sys
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE = 1 << 16


class Hub:
    """What is served, and which faults are left."""

    def __init__(self, options):
        self.options = options
        self.folder = options.folder
        self.lock = threading.Lock()
        self.num_refused = 0
        self.num_broken = 0
        self.digests = {}
        self.store_port = 0

    def files(self):
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    def describe(self, name):
        path = self.folder / name
        stat = path.stat()
        key = (name, stat.st_size, stat.st_mtime_ns)
        if key not in self.digests:
            content = path.read_bytes()
            self.digests[key] = (hashlib.sha256(content).hexdigest(),
                                 hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest())
        content, git = self.digests[key]
        is_large = path.suffix not in (".md", ".json", ".txt")
        return {"path": name, "size": stat.st_size, "sha256": content, "git": git, "is_large": is_large}

    def refusal(self, path):
        """The status that a question is refused with, or none."""
        options = self.options
        if options.status is None or not re.search(options.only, path):
            return None
        with self.lock:
            if options.times is not None and self.num_refused >= options.times:
                return None
            self.num_refused += 1
        return options.status

    def breaks(self):
        with self.lock:
            self.num_broken += 1
            return self.options.break_after if self.num_broken <= self.options.breaks else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub = None
    is_store = False

    def log_message(self, *_):
        pass

    def note(self, status):
        if self.hub.options.log:
            with self.hub.lock, open(self.hub.options.log, "a", encoding="utf-8") as file:
                token = "token" if self.headers.get("Authorization") else "-"
                file.write(f"{'store' if self.is_store else 'hub'} {self.command} {self.path} {self.headers.get('Range', '-')} "
                           f"{token} {status}\n")

    def answer(self, status, body=b"", headers=()):
        self.note(status)
        self.send_response(status)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):  # noqa: N802, the name is the library's
        self.do_GET()

    def do_GET(self):  # noqa: N802
        target = urllib.parse.urlsplit(self.path)
        status = self.hub.refusal(self.path)
        if status is not None:
            later = [("Retry-After", self.hub.options.retry_after)] if self.hub.options.retry_after else []
            return self.answer(status, b'{"error": "refused"}', later)
        if self.is_store:
            return self.send_file(urllib.parse.unquote(target.path.removeprefix("/blobs/")))
        token = self.hub.options.token
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            return self.answer(401, b'{"error": "Invalid credentials"}', [("X-Error-Code", "GatedRepo")])
        repo = re.escape(self.hub.options.repo)
        asked = re.fullmatch(rf"/api/(datasets|models)/{repo}/tree/([^/]+)(?:/.*)?", target.path)
        if asked:
            return self.list(urllib.parse.parse_qs(target.query))
        asked = re.fullmatch(rf"/api/(datasets|models)/{repo}(?:/revision/([^/]+))?", target.path)
        if asked:
            files = [{"rfilename": name} for name in self.hub.files()]
            return self.answer_json({"id": self.hub.options.repo, "sha": COMMIT, "siblings": files, "private": False,
                                     "tags": [], "downloads": 0, "likes": 0})
        asked = re.fullmatch(rf"/(?:datasets/)?{repo}/resolve/([^/]+)/(.+)", target.path)
        if asked:
            return self.resolve(urllib.parse.unquote(asked[2]))
        return self.answer(404, b'{"error": "Repository not found"}', [("X-Error-Code", "RepoNotFound")])

    def answer_json(self, value, headers=()):
        self.answer(200, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])

    def list(self, query):
        names = self.hub.files()
        start = int(query.get("cursor", ["0"])[0])
        end = start + self.hub.options.page_size
        folders = sorted({parent.as_posix() for name in names for parent in pathlib.PurePosixPath(name).parents
                          if parent.as_posix() != "."}) if start == 0 else []
        entries = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": folder} for folder in folders]
        for name in names[start:end]:
            file = self.hub.describe(name)
            entry = {"type": "file", "oid": file["git"], "size": file["size"], "path": name}
            if file["is_large"]:
                entry["lfs"] = {"oid": file["sha256"], "size": file["size"], "pointerSize": 134}
            entries.append(entry)
        headers = []
        if end < len(names):
            path = urllib.parse.urlsplit(self.path).path
            headers = [("Link", f'<http://{self.headers["Host"]}{path}?recursive=True&cursor={end}>; rel="next"')]
        self.answer_json(entries, headers)

    def resolve(self, name):
        if name not in self.hub.files():
            return self.answer(404, b'{"error": "Entry not found"}',
                               [("X-Error-Code", "EntryNotFound"), ("X-Repo-Commit", COMMIT)])
        file = self.hub.describe(name)
        if not file["is_large"]:
            return self.send_file(name, [("ETag", f'"{file["git"]}"'), ("X-Repo-Commit", COMMIT)])
        self.answer(302, b"", [("X-Repo-Commit", COMMIT), ("ETag", f'"{file["git"]}"'),
                               ("X-Linked-ETag", f'"{file["sha256"]}"'), ("X-Linked-Size", str(file["size"])),
                               ("Location", f"http://localhost:{self.hub.store_port}/blobs/{urllib.parse.quote(name)}")])

    def send_file(self, name, headers=()):
        path = self.hub.folder / name
        if name not in self.hub.files():
            return self.answer(404)
        options = self.hub.options
        size = path.stat().st_size
        begin, status = 0, 200
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        end = size
        if wanted and not options.no_ranges:
            begin, status = int(wanted[1]), 206
            end = min(size, int(wanted[2]) + 1) if wanted[2] else size
            if begin >= size:
                return self.answer(416, b"", [("Content-Range", f"bytes */{size}")])
        self.note(status)
        self.send_response(status)
        for header, value in headers:
            self.send_header(header, value)
        self.send_header("Content-Length", str(end - begin))
        self.send_header("Accept-Ranges", "none" if options.no_ranges else "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        self.end_headers()
        if self.command == "HEAD":
            return None
        limit = self.hub.breaks()
        with path.open("rb") as file:
            file.seek(begin)
            done = 0
            while begin + done < end:
                wanted = max(1024, options.bytes_per_second // 50) if options.bytes_per_second else PIECE
                piece = file.read(min(wanted, end - begin - done))
                if options.flip_bit and begin + done <= size // 2 < begin + done + len(piece):
                    piece = bytearray(piece)
                    piece[size // 2 - begin - done] ^= 1
                if limit is not None and done + len(piece) > limit:
                    self.wfile.write(piece[:limit - done])
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return None
                self.wfile.write(piece)
                done += len(piece)
                if options.bytes_per_second:
                    time.sleep(len(piece) / options.bytes_per_second)
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that goes is none."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--repo", default="natix-network-org/roadwork")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", help="without it every question is answered 401")
    parser.add_argument("--page-size", type=int, default=1000, help="files on a page of the listing")
    parser.add_argument("--status", type=int, help="what questions are answered with")
    parser.add_argument("--only", default="", help="of questions whose path matches")
    parser.add_argument("--times", type=int, help="so often, then all is well")
    parser.add_argument("--retry-after", default="")
    parser.add_argument("--break-after", type=int, default=0, help="a connection breaks after so many bytes of a file")
    parser.add_argument("--breaks", type=int, default=0, help="so many connections do")
    parser.add_argument("--no-ranges", action="store_true")
    parser.add_argument("--flip-bit", action="store_true", help="the byte in the middle of a file is another one")
    parser.add_argument("--bytes-per-second", type=int, default=0)
    parser.add_argument("--log", help="a line for each question: place, method, path, range, token, status")
    options = parser.parse_args()
    hub = Hub(options)
    servers = []
    for is_store in (True, False):
        handler = type("BoundHandler", (Handler,), {"hub": hub, "is_store": is_store})
        servers.append(Server(("127.0.0.1", 0 if is_store else options.port), handler))
    hub.store_port = servers[0].server_port
    threading.Thread(target=servers[0].serve_forever, daemon=True).start()
    print(f"listening on 127.0.0.1:{servers[1].server_port}", flush=True)
    servers[1].serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
