"""A batch of predictions, killed at any moment: the next run goes on, and what comes out is what an uninterrupted run
gives. Little is computed twice."""

import json
import random
import shutil
import time

import predict_batch
import programs
from predict_batch import PROJECTS

KILLS = 100 if programs.FULL else 10


class KillPredict(predict_batch.Case):
    def store_size(self, root):
        """Bytes of the embeddings that were computed and kept."""
        return (self.folder / root / "ai_data/embedding_store/vectors-512.store").stat().st_size

    def logged(self, root):
        """The projects of the progress file, which are those that succeeded in the log."""
        folder = self.folder / root / "ai_data"
        lines = [json.loads(line) for line in (folder / "batch_predictions_log.jsonl").read_text().splitlines()]
        projects = sorted((folder / "batch_predictions_progress.txt").read_text().splitlines())
        self.assertEqual(sorted(line["project_id"] for line in lines if line["status"] == "success"), projects)
        return projects

    def test_kills(self):
        start = time.monotonic()
        self.run_program(*self.command(self.root("whole")), expect=4)
        took = time.monotonic() - start
        expected = self.databases("whole")
        self.assertEqual(len(expected), len(PROJECTS))
        chance = random.Random(programs.SEED + 1)
        num_killed = number = 0
        while num_killed < KILLS:
            root = self.root(f"root{number}")
            number += 1
            self.assertLess(number, 3 * KILLS, "the program ends before it can be killed")
            # Several kills in one root, until a run comes to its end.
            is_done = False
            while not is_done:
                was_killed = self.kill_after(self.start(*self.command(root)), chance.uniform(0.02, took))
                num_killed += was_killed
                is_done = not was_killed or num_killed >= KILLS
                if not was_killed:  # the machine was busier when the first run was timed
                    took = max(0.05, took * 0.8)
            self.run_program(*self.command(root))
            self.assertEqual(self.databases(root), expected)
            self.assertEqual(self.logged(root), sorted(PROJECTS))
            self.assertEqual(self.store_size(root), self.store_size("whole"), "an embedding is there twice, or missing")
            shutil.rmtree(self.folder / root)

    def test_what_is_in_the_way_of_the_databases_is_told_in_a_line(self):
        root = self.root("closed")
        target = self.folder / root / "training"
        target.write_text("in the way")
        code, out, err = self.run_program(*self.command(root))
        self.assertNotEqual(code, 0)
        self.assertNotIn("Traceback", err)
        self.assertEqual(out.count("FAILED"), len(PROJECTS), out + err)


if __name__ == "__main__":
    programs.main()
