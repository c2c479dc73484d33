"""Wait until the index of a cache knows an image as one that can be drawn, without any command that would look itself."""

import sqlite3
import sys
import time

index, name = sys.argv[1:]
for _ in range(300):  # half a minute: a machine that stands still passes too
    database = sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=5)
    try:
        rows = database.execute("SELECT label FROM items WHERE name = ? AND label IS NOT NULL", (name,)).fetchall()
    finally:
        database.close()
    if rows:
        print(f"{name}: ready")
        sys.exit(0)
    time.sleep(0.1)
sys.exit(f"{name}: still not in the index")
