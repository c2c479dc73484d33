"""A history whose journal is damaged: the miner goes on, and every command says what is lost."""

import http.client
import json
import subprocess

import programs


class DamagedJournal(programs.Case):
    def record(self, count):
        """Generations in the journal alone: the recorder is killed before a checkpoint."""
        process = subprocess.Popen(
            [programs.options.program, "history", "append", "--data-dir", "data", "--quiet"], cwd=self.folder,
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for number in range(count):
            for event in ({"event": "start", "task_type": "TEXT-TO-3D", "prompt": f"chair {number}"},
                          {"event": "timing", "timing": {"total_time": 1000 + number}}, {"event": "finish"}):
                process.stdin.write(json.dumps({**event, "generation_id": f"g{number}"}) + "\n")
                process.stdin.flush()
                process.stdout.readline()
        process.kill()
        process.communicate()
        return next((self.folder / "data/journal").glob("*.journal"))

    def damage(self, journal, text):
        content = journal.read_bytes()
        journal.write_bytes(content.replace(text, bytes([text[0] ^ 1]) + text[1:], 1))

    def finished(self):
        lines = (self.folder / "data/generation_history.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["metadata"]["generation_id"] for line in lines]

    def test_what_can_be_read_is_kept_and_the_rest_is_stated(self):
        journal = self.record(8)
        self.damage(journal, b'"total_time": 1003')
        damaged = journal.read_bytes()
        _, out, err = self.run_program("history", "append", "--data-dir", "data", expect=0)
        self.assertEqual(out, "")
        self.assertIn("LOST: events 11", err)
        self.assertIn("alert", err)
        self.assertEqual(self.finished(), [f"g{number}" for number in range(8)])
        self.assertEqual(self.read(f"data/journal/quarantine/{journal.name}.0"), damaged)
        _, out, _ = self.run_program("history", "status", "--data-dir", "data", expect=0)
        self.assertIn("Damaged journal: events 11 are lost: ", out)
        _, out, _ = self.run_program("history", "doctor", "--data-dir", "data", "--fail-on-findings", expect=3)
        self.assertIn("events 11 are lost: ", out)
        # Seen to, it is over.
        for path in (self.folder / "data/journal/quarantine").iterdir():
            path.unlink()
        _, _, err = self.run_program("history", "append", "--data-dir", "data", expect=0)
        self.assertEqual(err, "")
        self.run_program("history", "doctor", "--data-dir", "data", "--fail-on-findings", expect=0)

    def test_it_is_refused_when_told_to(self):
        journal = self.record(4)
        self.damage(journal, b'"total_time": 1001')
        before = self.files()
        _, _, err = self.run_program("history", "append", "--data-dir", "data", "--refuse-damaged", expect=1)
        self.assertIn("damaged", err)
        self.assertEqual(self.files(), before)

    def test_the_daemon_raises_an_alert(self):
        self.damage(self.record(4), b'"total_time": 1001')
        daemon = self.start("serve", "--history", "data", "--listen", "127.0.0.1:0")
        self.addCleanup(daemon.communicate)
        self.addCleanup(daemon.kill)
        connection = http.client.HTTPConnection("127.0.0.1", int(daemon.stdout.readline().rsplit(":", 1)[1]), timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/metrics")
        self.assertIn('assay_history_alert{alert="journal_damaged"} 1', connection.getresponse().read().decode())


if __name__ == "__main__":
    programs.main()
