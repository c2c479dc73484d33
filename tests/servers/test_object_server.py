"""Behaviour of the object server, over plain http.client: `test_object_server.py PROGRAM`."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

PROGRAM = os.environ.get("OBJECT_SERVER", "object_server")
OBJECTS = """\
b\ta/1.png\t10\tAAAA\t2025-10-01T00:00:00Z
b\ta/2.png\t0\t-\t2025-10-02T00:00:00Z
b\ta/3 ä&.png\t30\tCCCC\t2025-10-03T00:00:00Z
b\tz.png\t40\tDDDD\t2025-10-04T00:00:00Z
b\tlocked.png\t40\tDDDD\t2025-10-04T00:00:00Z\t403
c\ta/9.png\t90\tEEEE\t2025-10-05T00:00:00Z
plain\tpage.png\t12\t-\t2025-10-05T00:00:00Z
"""


class Server:
    """One object_server with the given flags; `ask` opens a connection for each request."""

    def __init__(self, *flags, objects=None):
        self.folder = tempfile.TemporaryDirectory()
        if objects is not None:
            path = os.path.join(self.folder.name, "objects.tsv")
            with open(path, "w", encoding="utf-8") as file:
                file.write(objects)
            flags += ("--objects", path)
        self.process = subprocess.Popen([PROGRAM, "--stop-after", "60", *flags], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.folder.cleanup()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, target, method="GET", headers=None, body=None):
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read(), dict(response.headers)
        finally:
            connection.close()

    def stats(self, query=""):
        return json.loads(self.ask("/_stats" + query)[1])


def gcs(bucket, name, query="?fields=name&prettyPrint=false"):
    return f"/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}{query}"


class Gcs(unittest.TestCase):
    def test_answers_the_asked_fields_of_an_object(self):
        with Server(objects=OBJECTS) as server:
            self.assertEqual(json.loads(server.ask(gcs("b", "a/1.png"))[1]), {"name": "a/1.png"})
            status, body, _ = server.ask(gcs("b", "a/3 ä&.png", "?fields=size,timeCreated,md5Hash"))
            self.assertEqual(status, 200)
            self.assertEqual(json.loads(body),
                             {"size": "30", "timeCreated": "2025-10-03T00:00:00Z", "md5Hash": "CCCC"})

    def test_an_absent_object_is_404(self):
        with Server(objects=OBJECTS) as server:
            status, body, _ = server.ask(gcs("b", "nope"))
            self.assertEqual((status, json.loads(body)["error"]["code"]), (404, 404))

    def test_all_exist_has_everything_but_faults(self):
        with Server("--all-exist") as server:
            self.assertEqual(server.ask(gcs("any", "x/y"))[0], 200)
            self.assertEqual(server.ask(gcs("any", "fault/404/y"))[0], 404)
            self.assertEqual(server.ask("/storage/v1/b/any/o?prefix=x")[0], 403)
            self.assertEqual(server.ask("/any?list-type=2")[0], 403)

    def test_lists_a_prefix_in_pages(self):
        with Server(objects=OBJECTS) as server:
            names, token = [], ""
            for _ in range(3):
                query = f"?prefix=a%2F&maxResults=1&fields=items(name),nextPageToken&pageToken={token}"
                page = json.loads(server.ask("/storage/v1/b/b/o" + query)[1])
                names += page["items"]
                token = page.get("nextPageToken", "")
            self.assertEqual(names, [{"name": "a/1.png"}, {"name": "a/2.png"}, {"name": "a/3 ä&.png"}])
            self.assertEqual(token, "")
            self.assertNotIn("items", json.loads(server.ask("/storage/v1/b/b/o?prefix=q")[1]))
            self.assertEqual(server.ask("/storage/v1/b/nobucket/o")[0], 404)

    def test_lists_can_be_denied(self):
        with Server("--deny-lists", objects=OBJECTS) as server:
            self.assertEqual(server.ask("/storage/v1/b/b/o?prefix=a")[0], 403)
            self.assertEqual(server.ask(gcs("b", "a/1.png"))[0], 200)


class Tokens(unittest.TestCase):
    GRANT = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c"

    def token(self, server):
        status, body, _ = server.ask("/token", "POST", body=self.GRANT)
        self.assertEqual(status, 200)
        return json.loads(body)

    def test_a_fixed_token_is_required(self):
        with Server("--all-exist", "--require-token", "sesame") as server:
            self.assertEqual(server.ask(gcs("b", "x"))[0], 401)
            self.assertEqual(server.ask(gcs("b", "x"), headers={"Authorization": "Bearer wrong"})[0], 401)
            self.assertEqual(server.ask(gcs("b", "x"), headers={"Authorization": "Bearer sesame"})[0], 200)

    def test_an_issued_token_is_good_until_it_expires(self):
        with Server("--all-exist", "--token-endpoint", "--token-lifetime", "1") as server:
            answer = self.token(server)
            self.assertEqual(answer["expires_in"], 1)
            headers = {"Authorization": "Bearer " + answer["access_token"]}
            self.assertEqual(server.ask(gcs("b", "x"), headers=headers)[0], 200)
            time.sleep(1.1)
            self.assertEqual(server.ask(gcs("b", "x"), headers=headers)[0], 401)

    def test_an_issued_token_can_wear_out(self):
        with Server("--all-exist", "--token-endpoint", "--token-uses=2") as server:
            headers = {"Authorization": "Bearer " + self.token(server)["access_token"]}
            self.assertEqual([server.ask(gcs("b", "x"), headers=headers)[0] for _ in range(3)], [200, 200, 401])

    def test_the_token_endpoint_can_fail(self):
        with Server("--token-fault", "503x1") as server:
            self.assertEqual(server.ask("/token", "POST", body=self.GRANT)[0], 503)
            self.assertEqual(server.ask("/token", "POST", body=self.GRANT)[0], 200)
            self.assertEqual(server.ask("/token", "POST", body="grant_type=password")[0], 400)


class S3(unittest.TestCase):
    def test_heads_and_lists(self):
        with Server(objects=OBJECTS) as server:
            status, body, headers = server.ask("/b/a/1.png", "HEAD")
            self.assertEqual((status, body, headers["Content-Length"]), (200, b"", "10"))
            self.assertEqual(server.ask("/b/nope", "HEAD")[0], 404)
            status, body, _ = server.ask("/b?list-type=2&prefix=a%2F&max-keys=2")
            self.assertEqual(status, 200)
            self.assertIn(b"<IsTruncated>true</IsTruncated><NextContinuationToken>2</Next", body)
            status, body, _ = server.ask("/b?list-type=2&prefix=a%2F&max-keys=2&continuation-token=2")
            self.assertIn("<Key>a/3 ä&amp;.png</Key>".encode(), body)
            self.assertIn(b"<IsTruncated>false</IsTruncated>", body)
            status, body, _ = server.ask("/b?list-type=2&prefix=a%2F&encoding-type=url")
            self.assertIn(b"<Key>a/3+%C3%A4%26.png</Key>", body)

    def test_an_access_key_is_required(self):
        with Server("--all-exist", "--require-access-key", "AK") as server:
            self.assertEqual(server.ask("/b/x", "HEAD")[0], 403)
            good = {"Authorization": "AWS4-HMAC-SHA256 Credential=AK/2025/eu/s3/aws4_request, Signature=0"}
            self.assertEqual(server.ask("/b/x", "HEAD", headers=good)[0], 200)


class Plain(unittest.TestCase):
    def test_head_and_get(self):
        with Server(objects=OBJECTS) as server:
            self.assertEqual(server.ask("/plain/page.png", "HEAD")[0], 200)
            self.assertEqual(server.ask("/plain/page.png")[1], b"." * 12)
            self.assertEqual(server.ask("/plain/other.png", "HEAD")[0], 404)


class Faults(unittest.TestCase):
    def test_a_status_comes_as_often_as_asked(self):
        with Server("--all-exist") as server:
            for name, expected in (("fault/503x2/a", [503, 503, 200]), ("fault/403/a", [403, 403, 403]),
                                   ("fault/429r7x1/a", [429, 200, 200])):
                self.assertEqual([server.ask(gcs("b", name))[0] for _ in range(3)], expected, name)
            self.assertEqual(server.ask(gcs("b", "fault/429r7x1/b"))[2]["Retry-After"], "7")
            self.assertIn("simulated failure of b/fault/400/a", server.ask(gcs("b", "fault/400/a"))[1].decode())

    def test_the_catalogue_can_name_a_fault(self):
        with Server(objects=OBJECTS) as server:
            self.assertEqual(server.ask(gcs("b", "locked.png"))[0], 403)

    def test_bodies_can_be_wrong(self):
        with Server("--all-exist") as server:
            status, body, headers = server.ask(gcs("b", "fault/plain403/a"))
            self.assertEqual((status, body, headers["Content-Type"]), (403, b"<html>forbidden</html>\n", "text/html"))
            status, body, _ = server.ask(gcs("b", "fault/badjson/a"))
            self.assertEqual(status, 200)
            with self.assertRaises(ValueError):
                json.loads(body)
            with self.assertRaises(http.client.IncompleteRead):
                server.ask(gcs("b", "fault/halfbody/a"))

    def test_connections_drop_and_stall(self):
        with Server("--all-exist") as server:
            with self.assertRaises(http.client.RemoteDisconnected):
                server.ask(gcs("b", "fault/dropx1/a"))
            self.assertEqual(server.ask(gcs("b", "fault/dropx1/a"))[0], 200)
            connection = server.connect()
            connection.timeout = 0.3
            connection.request("GET", gcs("b", "fault/stall/a"))
            with self.assertRaises(TimeoutError):
                connection.getresponse()
            connection.close()

    def test_answers_can_be_late(self):
        with Server("--all-exist", "--latency", "50") as server:
            start = time.monotonic()
            server.ask(gcs("b", "a"))
            self.assertGreater(time.monotonic() - start, 0.045)
            start = time.monotonic()
            server.ask(gcs("b", "fault/slow200/a"))
            self.assertGreater(time.monotonic() - start, 0.24)


class Loop(unittest.TestCase):
    def test_keeps_connections_and_answers_pipelined_requests_in_order(self):
        for flags in (("--all-exist",), ("--all-exist", "--latency", "5")):
            with Server(*flags) as server:
                connection = server.connect()
                connection.connect()
                requests = "".join(f"GET {gcs('b', str(i))} HTTP/1.1\r\nHost: x\r\n\r\n" for i in range(50))
                # In two parts that meet in the middle of a request.
                connection.sock.sendall(requests[:1234].encode())
                time.sleep(0.02)
                connection.sock.sendall(requests[1234:].encode())
                received = b""
                while received.count(b"\r\n\r\n") < 50 or not received.endswith(b"}"):
                    received += connection.sock.recv(65536)
                names = [json.loads(part.split(b"\r\n\r\n")[1])["name"] for part in received.split(b"HTTP/1.1 ")[1:]]
                self.assertEqual(names, [str(i) for i in range(50)])
                connection.close()
                self.assertEqual(server.stats()["connections"], 2)

    def test_a_thousand_late_answers_at_once(self):
        with Server("--all-exist", "--latency", "300") as server:
            connections = [server.connect() for _ in range(1000)]
            start = time.monotonic()
            for number, connection in enumerate(connections):
                connection.request("GET", gcs("b", str(number)))
            for connection in connections:
                self.assertEqual(connection.getresponse().status, 200)
                connection.close()
            self.assertLess(time.monotonic() - start, 5)
            self.assertGreater(server.stats()["max_waiting"], 100)

    def test_counts_by_status_and_address(self):
        with Server("--all-exist") as server:
            for name in ("x", "x", "y", "fault/404/z"):
                server.ask(gcs("b", name))
            stats = server.stats("?paths=1")
            self.assertEqual(stats["requests"], 4)
            self.assertEqual(stats["by_status"], {"200": 3, "404": 1})
            self.assertEqual(stats["max_per_address"], 2)
            self.assertEqual(stats["paths"], {"b/x": 2, "b/y": 1, "b/fault/404/z": 1})

    def test_writes_a_log(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            with Server("--all-exist", "--log", path) as server:
                server.ask("/b/x", "HEAD")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), "HEAD /b/x 200\n")

    def test_refuses_what_is_not_http(self):
        with Server() as server:
            connection = server.connect()
            connection.connect()
            connection.sock.sendall(b"nonsense\r\n\r\n")
            self.assertTrue(connection.sock.recv(1000).startswith(b"HTTP/1.1 400"))
            connection.close()

    def test_a_wrong_flag_is_an_error(self):
        for flags in (["--nope", "1"], ["--port", "x"], ["--token-fault", "what"], ["--objects", "/nonexistent"]):
            result = subprocess.run([PROGRAM, *flags], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stdout), (2, ""), flags)
            self.assertTrue(result.stderr.startswith("object_server: "), flags)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        PROGRAM = sys.argv.pop(1)
    unittest.main()
