"""The daemon among kills: every event that a client was answered for is there afterwards, and once."""

import http.client
import json
import random
import signal
import threading
import unittest

import programs

KILLS = 40 if programs.FULL else 8
CLIENTS = 8
ENOUGH = 20  # answers of a trial


class Client(threading.Thread):
    """Records generations until the daemon is gone, and remembers what it was answered for."""

    def __init__(self, port, name, seed):
        super().__init__()
        self.port = port
        self.name_ = name
        self.chance = random.Random(seed)
        self.acknowledged = []
        self.unexpected = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        number = 0
        try:
            while True:
                number += 1
                self.generation(connection, f"{self.name_}-{number}")
        except (OSError, http.client.HTTPException):
            pass  # the daemon was killed, or stopped
        finally:
            connection.close()

    def generation(self, connection, name):
        self.send(connection, "POST", "", name, "start",
                  {"generation_id": name, "task_type": "text", "prompt": f"a picture of {name}"})
        self.send(connection, "POST", "/timing", name, "timing", {"timing": {"total": 1.5}})
        if self.chance.random() < 0.2:
            self.send(connection, "PUT", "/ply", name, "ply", f"ply\nof {name}")
        if self.chance.random() < 0.8:
            self.send(connection, "POST", "/feedback", name, "feedback", {"score": 0.5})
        if self.chance.random() < 0.7:
            self.send(connection, "POST", "/finish", name, "finish", {})

    def send(self, connection, method, address, name, event, body):
        target = "/v1/history/generations" + (f"/{name}" if event != "start" else "") + address
        text = body if isinstance(body, str) else json.dumps(body)
        for _ in range(2 if self.chance.random() < 0.1 else 1):  # now and then as a client that was not sure
            connection.request(method, target, body=text, headers={"Idempotency-Key": f"{name}/{event}"})
            response = connection.getresponse()
            answer = response.read()
            if response.status not in (200, 201):
                self.unexpected.append((target, response.status, answer))
                return
        self.acknowledged.append((name, event))


class KillServe(programs.Case):
    def setUp(self):
        super().setUp()
        self.expected = []

    def serve(self):
        daemon = self.start("serve", "--history", "data", "--listen", "127.0.0.1:0")
        self.addCleanup(daemon.communicate)
        self.addCleanup(daemon.kill)
        line = daemon.stdout.readline()
        self.assertIn("http://127.0.0.1:", line, line or daemon.stderr.read() if daemon.poll() is not None else line)
        return daemon, int(line.rsplit(":", 1)[1])

    def load(self, port, trial):
        clients = [Client(port, f"g{trial}-{i}", f"{programs.SEED}-{trial}-{i}") for i in range(CLIENTS)]
        for client in clients:
            client.start()
        return clients

    def gather(self, clients):
        for client in clients:
            client.join(60 * programs.patience())
            self.assertFalse(client.is_alive(), "a client still waits")
            self.assertEqual(client.unexpected, [])
            self.expected += client.acknowledged

    def check_all_is_there(self):
        """Reads the files as another program would."""
        _, out, _ = self.run_program("history", "append", "--data-dir", "data", expect=0)
        self.assertEqual(out, "")
        finished = {}
        for line in (self.folder / "data/generation_history.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            name = record["metadata"]["generation_id"]
            self.assertNotIn(name, finished, "a record is there twice")
            finished[name] = record
        pending = json.loads((self.folder / "data/pending_generations.json").read_text(encoding="utf-8"))
        self.assertFalse(set(pending) & set(finished), "a generation is open and finished")
        for name, event in self.expected:
            record = finished.get(name) or pending.get(name)
            self.assertIsNotNone(record, f"{name}: {event} was answered and is not there")
            if event == "finish":
                self.assertIn(name, finished, "finished")
            elif event == "feedback":
                self.assertEqual(record["validator_feedback"]["score"], 0.5, name)
            elif event == "timing":
                self.assertEqual(record["generation"]["timing"]["total"], 1.5, name)
            elif event == "ply":
                self.assertIn("ply_file_hash", record["generation"]["output"], name)

    def test_no_acknowledged_event_is_lost(self):
        chance = random.Random(programs.SEED)
        for trial in range(KILLS):
            daemon, port = self.serve()
            clients = self.load(port, trial)
            if trial % 4 > 0:  # the others may be killed before their first answer
                self.wait_until(lambda: sum(len(client.acknowledged) for client in clients) >= ENOUGH, "the answers")
            self.assertTrue(self.kill_after(daemon, chance.uniform(0, 0.7)), "the daemon ended by itself")
            self.gather(clients)
            if trial % 4 == 3 or trial == KILLS - 1:
                self.check_all_is_there()
        self.assertGreaterEqual(len(self.expected), ENOUGH * (KILLS * 3 // 4))
        print(f"{KILLS} kills, {len(self.expected)} acknowledged events, none lost")

    def test_a_stop_answers_what_runs_and_loses_nothing(self):
        daemon, port = self.serve()
        clients = self.load(port, 0)
        self.wait_until(lambda: sum(len(client.acknowledged) for client in clients) >= ENOUGH, "the answers")
        daemon.send_signal(signal.SIGTERM)
        _, err = daemon.communicate(timeout=30 * programs.patience())
        self.assertEqual(daemon.returncode, 0, err)
        self.gather(clients)
        self.assertTrue(self.expected)
        self.check_all_is_there()

    def test_an_interruption_is_told(self):
        daemon, _ = self.serve()
        daemon.send_signal(signal.SIGINT)
        daemon.communicate(timeout=30 * programs.patience())
        self.assertEqual(daemon.returncode, 130)


if __name__ == "__main__":
    programs.main()
